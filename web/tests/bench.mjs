// How fast the dashboard is, for "make bench-web": node tests/bench.mjs ROUNDS. In each round a host of 20
// simulated guests and one of 1000 are looked at in turn, so that what else the machine does falls on
// both, and every ratio is formed within its round.
import { go, launch, open, scrollAndSort, blank } from "./harness.mjs";

const ROUNDS = Number(process.argv[2] ?? 7);
const FEW = 20;
const MANY = 1000;

/** Milliseconds until the state of the host is there to be read, from an empty cache. */
async function firstFigures(browser, place) {
  const page = await blank(browser);
  await page.addInitScript(() => {
    window.shown = new Promise((done) => {
      new MutationObserver((_, observer) => {
        if (document.querySelector(".verdict") === null) return;
        observer.disconnect();
        requestAnimationFrame(() => done(performance.now()));
      }).observe(document, { childList: true, subtree: true });
    });
  });
  /* The address with the token leads on to the page itself. */
  await page.goto(place.url);
  await page.locator(".verdict").first().waitFor();
  const shown = await page.evaluate(() => window.shown);
  await page.context().close();
  return shown;
}

/** Processor time of the longest task of the page's main thread while it is scrolled and sorted. Time in
 * which other programs had the processor is not the page's. */
async function longestTask(browser, place) {
  const page = await blank(browser);
  await page.goto(place.url);
  await page.locator(".verdict").first().waitFor();
  await go(page, "#/guests", ".grid .row");
  const categories = ["disabled-by-default-devtools.timeline", "__metadata"];
  await browser.startTracing(page, { categories });
  await scrollAndSort(page);
  const { traceEvents } = JSON.parse(String(await browser.stopTracing()));
  await page.context().close();
  const mains = new Set(traceEvents
    .filter((one) => one.name === "thread_name" && one.args.name === "CrRendererMain")
    .map((one) => `${one.pid}/${one.tid}`));
  const tasks = traceEvents
    .filter((one) => one.name === "RunTask" && one.tdur !== undefined)
    .filter((one) => mains.has(`${one.pid}/${one.tid}`));
  if (tasks.length < 100) throw new Error(`only ${tasks.length} tasks of the page were seen`);
  return Math.max(...tasks.map((one) => one.tdur / 1000));
}

function told(values, digits) {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share) => sorted[Math.round(share * (sorted.length - 1))].toFixed(digits);
  return `median ${at(0.5)}, ${at(0)} to ${at(1)}`;
}

function report(what, rounds) {
  const of = (key) => rounds.map((round) => round[key]);
  console.log(`${what}, ${rounds.length} rounds:`);
  console.log(`  ${MANY} guests, ms:  ${told(of("many"), 0)}`);
  console.log(`  ${FEW} guests, ms:  ${told(of("few"), 0)}`);
  console.log(`  ratio of the two:  ${told(rounds.map((round) => round.many / round.few), 2)}`);
}

const browser = await launch();
const few = await open({ simulate: ["--guests", String(FEW), "--mode", "observe"] });
const many = await open({ simulate: ["--guests", String(MANY), "--mode", "observe"] });
try {
  const paints = [];
  const tasks = [];
  for (let round = 0; round < ROUNDS; round++) {
    const order = round % 2 === 0 ? { few, many } : { many, few };
    const paint = {};
    const task = {};
    for (const [key, place] of Object.entries(order)) {
      paint[key] = await firstFigures(browser, place);
      task[key] = await longestTask(browser, place);
    }
    paints.push(paint);
    tasks.push(task);
  }
  report("First figures on the screen", paints);
  report("Longest task while scrolled and sorted, own time", tasks);
} finally {
  await browser.close();
  await few.close();
  await many.close();
}
