// The dashboard in a browser: every page and every action, first over the daemon's own handlers and a
// simulated host, through the real gateway; then, over the stand-in, what a simulation cannot show.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { request } from "node:http";
import { axe, go, launch, open, overflow, until, visit } from "./harness.mjs";

const PAGES = [
  ["#/host", ".host .verdict"],
  ["#/guests", ".grid .row"],
  ["#/blame", "table.matrix"],
  ["#/log", ".decisions li"],
  ["#/policy", "textarea"],
];
const VIEWS = [
  { width: 1280, height: 800, theme: "light" },
  { width: 1280, height: 800, theme: "dark" },
  { width: 800, height: 700, theme: "light" },
  { width: 360, height: 740, theme: "light" },
  { width: 360, height: 740, theme: "dark" },
];

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

/** Complaints that are the browser's word for a refused request, which some tests provoke. */
function serious(page) {
  return page.complaints.filter((one) => !one.startsWith("Failed to load resource"));
}

/** A request as no browser would send it. */
function raw(origin, path, headers = {}, method = "GET") {
  const { hostname, port } = new URL(origin);
  return new Promise((done, fail) => {
    const asked = request({ hostname, port, path, method, headers, agent: false }, (reply) => {
      reply.resume();
      reply.on("end", () => done(reply.statusCode));
    });
    asked.on("error", fail);
    asked.end();
  });
}

/** Presses Tab until this has the focus, as somebody without a mouse would. */
async function tabTo(page, locator, most = 80) {
  for (let i = 0; i < most; i++) {
    if (await locator.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press("Tab");
  }
  assert.fail(`Tab does not reach ${locator}`);
}

/** How much processor time each task of the page's main thread took meanwhile, longest first, in
 * milliseconds. Time in which other programs had the processor is not the page's. */
async function tasksOf(page, act) {
  await browser.startTracing(page, { categories: ["disabled-by-default-devtools.timeline", "__metadata"] });
  await act();
  const { traceEvents } = JSON.parse(String(await browser.stopTracing()));
  const tasks = traceEvents.filter((one) => one.name === "RunTask" && one.tdur !== undefined);
  const mains = new Set(traceEvents
    .filter((one) => one.name === "thread_name" && one.args.name === "CrRendererMain")
    .map((one) => `${one.pid}/${one.tid}`));
  return tasks
    .filter((one) => mains.has(`${one.pid}/${one.tid}`))
    .map((one) => Math.round(one.tdur / 1000))
    .sort((a, b) => b - a);
}

async function told(page, pattern) {
  const toast = page.locator(".toast p");
  await toast.waitFor();
  assert.match(await toast.innerText(), pattern);
}

describe("over the simulated host", () => {
  let place;
  before(async () => {
    place = await open({ simulate: ["--guests", "20", "--warm", "60", "--mode", "advise"] });
  });
  after(() => place?.close());

  test("nobody comes in without the token", async () => {
    assert.equal(await raw(place.origin, "/"), 403);
    assert.equal(await raw(place.origin, "/api/v1/status"), 403);
    assert.equal(await raw(place.origin, "/?token=0"), 403);
    assert.equal(await raw(place.url, "/", { Host: "evil.example" }), 421);
    const context = await browser.newContext();
    const page = await context.newPage();
    assert.equal((await page.goto(place.origin)).status(), 403);
    await page.goto(place.url);
    await page.locator(".verdict").first().waitFor();
    const [cookie] = await context.cookies();
    assert.ok(cookie.httpOnly);
    assert.equal(cookie.sameSite, "Strict");
    assert.doesNotMatch(page.url(), /token/);
    await context.close();
  });

  test("a foreign page reaches nothing", async () => {
    const page = await visit(browser, place);
    await page.route("http://127.0.0.1:9/**", (route) =>
      route.fulfill({ contentType: "text/html", body: "<title>foreign</title>" }));
    await page.goto("http://127.0.0.1:9/");
    const outcome = await page.evaluate(async (origin) => {
      const tries = [
        fetch(`${origin}/api/v1/status`, { credentials: "include" }),
        fetch(`${origin}/api/v1/mode`, { method: "POST", credentials: "include", mode: "no-cors",
                                         body: '{"mode":"observe"}' }),
        fetch(`${origin}/api/v1/mode`, { method: "POST", credentials: "include",
                                         headers: { "X-Ballast": "1" }, body: '{"mode":"observe"}' }),
      ];
      return (await Promise.allSettled(tries)).map((one) => one.value?.status ?? one.status);
    }, place.origin);
    /* An answer that a page may not see has the status 0, where it gets one at all. */
    assert.ok(outcome.every((one) => one === "rejected" || one === 0), String(outcome));
    await page.goto(place.origin);
    await page.getByRole("button", { name: "mode: advise" }).waitFor();
    await page.context().close();
  });

  for (const view of VIEWS)
    test(`every page at ${view.width} px, ${view.theme}`, async () => {
      const page = await visit(browser, place, view);
      for (const [hash, sign] of PAGES) {
        await go(page, hash, sign);
        assert.ok((await overflow(page)) <= 0, `${hash} is wider than the window`);
        assert.deepEqual(await axe(page), [], hash);
      }
      await go(page, "#/guest/web-0", "figure canvas");
      assert.ok((await overflow(page)) <= 0, "the guest's page is wider than the window");
      assert.deepEqual(await axe(page), []);
      assert.deepEqual(serious(page), []);
      assert.ok(page.asked.every((url) => url.startsWith(`${place.origin}/`)), String(page.asked));
      await page.context().close();
    });

  test("figures come by themselves", async () => {
    const page = await visit(browser, place);
    const clock = page.locator(".connection");
    const first = await clock.innerText();
    await until("another time of the figures", async () => (await clock.innerText()) !== first);
    await page.getByRole("button", { name: "Hold" }).click();
    await page.getByText("held").waitFor();
    await page.context().close();
  });

  test("guests are sorted, filtered and opened", async () => {
    const page = await visit(browser, place);
    await go(page, "#/guests", ".grid .row");
    await page.getByRole("columnheader", { name: "Guest" }).getByRole("button").click();
    await page.locator('[aria-sort="ascending"]').waitFor();
    const first = page.locator(".grid .row .cell-name").first();
    assert.match(await first.innerText(), /^batch-/);
    await page.getByRole("columnheader", { name: "Guest" }).getByRole("button").click();
    await until("the other order", async () => /^web-/.test(await first.innerText()));
    await page.getByPlaceholder("Filter by name").fill("web-1");
    await until("fewer rows", async () => (await page.locator(".grid .row").count()) < 20);
    for (const name of await page.locator(".grid .row .cell-name").allInnerTexts())
      assert.match(name, /web-1/);
    await page.getByLabel("Show").selectOption("class:batch");
    await until("no rows", async () => (await page.locator(".grid .row").count()) === 0);
    await page.getByLabel("Show").selectOption("");
    await first.getByRole("link").click();
    await page.getByRole("heading", { level: 1, name: /web-1/ }).waitFor();
    await page.context().close();
  });

  test("a proposal is approved", async () => {
    const page = await visit(browser, place);
    await go(page, "#/log", ".decisions li");
    const one = page.locator(".decisions li", { hasText: "cpu.shares" }).or(
      page.locator(".decisions li", { hasText: "CPU shares" })).filter({
      has: page.getByRole("button", { name: /^Approve/ }) }).first();
    const id = await one.locator(".id").innerText();
    await one.getByRole("button", { name: /^Approve/ }).click();
    const dialog = page.getByRole("dialog");
    await dialog.waitFor();
    assert.match(await dialog.innerText(), /CPU shares of/);
    assert.match(await dialog.innerText(), /class \S+ asks for it/);
    await dialog.getByRole("button", { name: "Approve" }).click();
    await told(page, /approved/);
    const done = page.locator(".decisions li", { has: page.getByText(id, { exact: true }) });
    await done.locator(".mark", { hasText: /applied|effective/ }).waitFor();
    await done.getByRole("button", { name: /^Undo/ }).click();
    await dialog.getByRole("button", { name: "Undo" }).click();
    await told(page, /.+/);
    await until("that it is not in force any more", async () =>
      (await done.getByRole("button", { name: /^Undo/ }).count()) === 0);
    assert.deepEqual(serious(page), []);
    await page.context().close();
  });

  test("a guest is given a class and the policy's choice back", async () => {
    const page = await visit(browser, place);
    await go(page, "#/guest/batch-1", "figure canvas");
    await page.getByRole("button", { name: "Change class" }).click();
    const dialog = page.getByRole("dialog");
    const options = await dialog.getByRole("combobox").locator("option").allInnerTexts();
    assert.deepEqual(options.slice(0, 3), ["critical", "standard", "batch"]);
    await dialog.getByRole("combobox").selectOption("standard");
    assert.match(await dialog.locator(".changes").innerText(), /batch \(from .+\)[\s\S]*→ standard/);
    await dialog.getByRole("button", { name: "Set class standard" }).click();
    await told(page, /batch-1 is in class standard/);
    await page.locator(".verdict", { hasText: "from class set" }).waitFor();
    await page.getByRole("button", { name: "Change class" }).click();
    await dialog.getByRole("combobox").selectOption("(the policy's choice)");
    await dialog.getByRole("button", { name: "Let the policy choose" }).click();
    await page.locator(".verdict", { hasText: "from metadata" }).waitFor();
    await page.context().close();
  });

  test("the mode is set, with its price shown first", async () => {
    const page = await visit(browser, place);
    const dialog = page.getByRole("dialog");
    for (const mode of ["enforce", "advise"]) {
      await page.getByRole("button", { name: /^mode:/ }).click();
      await dialog.getByRole("combobox").selectOption(mode);
      if (mode === "advise") assert.match(await dialog.innerText(), /in force will be given back/);
      await dialog.getByRole("button", { name: `Set mode ${mode}` }).click();
      await page.getByRole("button", { name: `mode: ${mode}` }).waitFor();
      if (mode === "enforce")
        await until("changes in force", async () =>
          /changes [1-9]/.test(await page.locator(".summary").innerText()));
    }
    await page.context().close();
  });

  test("a policy is checked while it is typed", async () => {
    const page = await visit(browser, place);
    await go(page, "#/policy", "textarea");
    const area = page.locator("textarea");
    const text = await area.inputValue();
    assert.match(text, /^version: 1$/m);
    await area.fill(text.replace(/^    ready: 5%/m, "    ready: 7%"));
    await page.getByText("This policy is good").waitFor();
    const difference = page.getByRole("region", { name: "What would change" });
    assert.match(await difference.innerText(), /- +ready: 5%[\s\S]*\+ +ready: 7%/);
    await area.fill(`${text}\nbogus: 1\n`);
    const error = page.locator(".errors li").first();
    await error.waitFor();
    assert.match(await error.innerText(), /unknown key "bogus"/);
    await error.getByRole("button").click();
    assert.equal(await area.evaluate((one) => one.value.slice(one.selectionStart, one.selectionStart + 5)), "bogus");
    assert.deepEqual(await axe(page), []);
    await page.context().close();
  });

  test("everything by keyboard alone", async () => {
    const page = await visit(browser, place);
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement.className), "skip");
    await page.keyboard.press("2");
    await page.locator(".grid .row").first().waitFor();
    await page.keyboard.press("/");
    await page.keyboard.type("web-");
    await until("fewer rows", async () => (await page.locator(".grid .row").count()) < 20);
    await tabTo(page, page.getByRole("columnheader", { name: "Guest" }).getByRole("button"));
    await page.keyboard.press("Enter");
    await page.locator('.cell-name[aria-sort="ascending"]').waitFor();
    await page.getByRole("region", { name: "Guests" }).focus();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowDown");
    await page.locator('.row[aria-rowindex="3"]:focus').waitFor();
    await page.keyboard.press("Home");
    await page.locator('.row[aria-rowindex="2"]:focus').waitFor();
    await page.keyboard.press("Enter");
    await page.locator("main.guest h1").waitFor();
    const button = page.getByRole("button", { name: "Change class" });
    await tabTo(page, button);
    await page.keyboard.press("Enter");
    await page.getByRole("dialog").waitFor();
    assert.ok(await page.evaluate(() => document.querySelector("dialog").contains(document.activeElement)));
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await until("the focus back", () => button.evaluate((one) => one === document.activeElement));
    await page.keyboard.press("4");
    await page.locator(".decisions li").first().waitFor();
    const approve = page.getByRole("button", { name: /^Approve/ }).first();
    await tabTo(page, approve);
    /* Keys are the person's to switch off. */
    await tabTo(page, page.getByRole("checkbox", { name: /keys/ }), 400);
    await page.keyboard.press("Space");
    await page.keyboard.press("1");
    assert.match(page.url(), /#\/log$/);
    await page.context().close();
  });

  test("colours are chosen and stay", async () => {
    const page = await visit(browser, place, { theme: "light" });
    const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const light = await ground();
    await page.getByLabel("Colours").selectOption("dark");
    await until("another ground", async () => (await ground()) !== light);
    await page.reload();
    await page.locator(".verdict").first().waitFor();
    assert.notEqual(await ground(), light);
    await page.context().close();
  });
});

describe("with a thousand guests", () => {
  let place;
  before(async () => {
    place = await open({ simulate: ["--guests", "1000", "--mode", "observe"] });
  });
  after(() => place?.close());

  /* Others may have the processor for a while: what counts is what the page can do, so the best of
     a few tries is judged. */
  const TRIES = 4;

  test("the first useful paint comes within a second", async () => {
    let best = Infinity;
    for (let i = 0; i < TRIES && best > 1000; i++) {
      const page = await visit(browser, place);
      best = Math.min(best, await page.evaluate(() => window.shown));
      await page.context().close();
    }
    console.log(`# first figures shown after ${Math.round(best)} ms`);
    assert.ok(best <= 1000, `${best} ms`);
  });

  test("the table scrolls and sorts without a task above 50 ms", async () => {
    const page = await visit(browser, place);
    await go(page, "#/guests", ".grid .row");
    assert.equal(await page.locator('[role="table"]').getAttribute("aria-rowcount"), "1001");
    assert.ok((await page.locator(".grid .row").count()) < 60);
    await page.mouse.move(600, 500);
    let best = Infinity;
    for (let i = 0; i < TRIES && best > 50; i++) {
      const tasks = await tasksOf(page, async () => {
        for (let step = 0; step < 60; step++) {
          await page.mouse.wheel(0, step < 40 ? 300 : -300);
          if (step % 10 === 0)
            await page.locator(".grid .cell > button").nth((step / 10) % 6).click();
          await page.waitForTimeout(25);
        }
      });
      console.log(`# longest tasks of ${tasks.length}, own time: ${tasks.slice(0, 5).join(", ")} ms`);
      assert.ok(tasks.length > 100);
      best = Math.min(best, tasks[0]);
    }
    assert.ok(best <= 50, `${best} ms`);
    await page.locator(".grid").focus();
    await page.keyboard.press("End");
    await page.locator('.row[aria-rowindex="1001"]:focus').waitFor();
    await page.context().close();
  });
});

describe("over the stand-in", () => {
  let place;
  before(async () => {
    place = await open({ standIn: { guests: 12 } });
  });
  after(() => place?.close());

  test("who suffers, who causes it and what was done stand on the first page", async () => {
    const page = await visit(browser, place);
    assert.match(await page.locator(".verdict").innerText(), /Contention\s+2 guests miss their objective/);
    assert.match(await page.locator("section", { hasText: "Who suffers" }).innerText(), /db-1/);
    await page.locator("section", { hasText: "Who causes it" }).getByRole("link", { name: "batch-3" }).waitFor();
    const acts = page.locator("section", { hasText: "What Ballast did" });
    await acts.getByRole("button", { name: "Approve decision 3" }).waitFor();
    assert.match(await acts.innerText(), /proposed[\s\S]*expected: ready below 1\.0 % within/);
    assert.match(await acts.innerText(), /effective[\s\S]*actual: 0\.6 % after 400 ms/);
    const bottom = await acts.evaluate((one) => one.getBoundingClientRect().top);
    assert.ok(bottom < 500, "what Ballast did is not in sight");
    await page.context().close();
  });

  test("guests on NUMA nodes, and memory that runs out", async () => {
    const page = await visit(browser, place);
    assert.match(await page.locator(".nodes").innerText(), /Node 0[\s\S]*db-1[\s\S]*Node 1/);
    Object.assign(place.server.host.memory, {
      state: "hard", short: 2 * 1024 ** 3, mover: { name: "batch-6", bytes: 3 * 1024 ** 3 },
    });
    place.server.notices = ["the last policy reload was refused <b>"];
    await page.locator(".verdict", { hasText: "memory is hard" }).waitFor();
    await page.getByText("Moving batch-6 to another host would give 3.0 GiB.").waitFor();
    await page.reload();
    await page.locator(".notice", { hasText: "reload was refused <b>" }).waitFor();
    Object.assign(place.server.host.memory, { state: "clear", short: 0, mover: null });
    place.server.notices = [];
    await page.context().close();
  });

  test("an undo shows from what to what, and posts once with a key", async () => {
    const page = await visit(browser, place);
    await go(page, "#/log", ".decisions li");
    await page.getByRole("button", { name: "Undo decision 1" }).click();
    const dialog = page.getByRole("dialog");
    assert.match(await dialog.locator(".changes").innerText(),
      /CPU priority of batch-3\s+idle priority\s+→ normal priority/);
    assert.match(await dialog.innerText(), /It was done because: db-1/);
    assert.deepEqual(await axe(page), []);
    place.server.posts.length = 0;
    await dialog.getByRole("button", { name: "Undo" }).dblclick();
    await told(page, /decision 1 is undone/);
    assert.equal(place.server.posts.length, 1);
    assert.match(place.server.posts[0].key, /^[0-9a-f-]{36}$/);
    await page.context().close();
  });

  test("a refusal stays in the dialog, in the daemon's words", async () => {
    const page = await visit(browser, place);
    await go(page, "#/policy", "textarea");
    await page.getByRole("button", { name: "Reload the files" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Reload" }).click();
    await page.getByRole("alert").filter({ hasText: "policy.yaml:3:1: error" }).waitFor();
    assert.deepEqual(await axe(page), []);
    await page.context().close();
  });

  test("what guests are called is text and nothing else", async () => {
    const page = await visit(browser, place);
    const names = ["<img src=x onerror=document.title='owned'>", "..", "a/b?c#d", "\u202egnp", "x".repeat(300)];
    const before_ = place.server.guests.map((guest) => guest.name);
    names.forEach((name, i) => (place.server.guests[i].name = name));
    await go(page, "#/guests", ".grid .row");
    await page.getByRole("link", { name: names[0], exact: true }).waitFor();
    for (const name of names.slice(1, 3)) {
      await page.getByRole("link", { name, exact: true }).click();
      await page.getByRole("heading", { level: 1, name, exact: true }).waitFor();
      await page.locator(".sentences li").waitFor();
      await go(page, "#/guests", ".grid .row");
    }
    await page.setViewportSize({ width: 360, height: 740 });
    for (const [hash, sign] of PAGES) {
      await go(page, hash, sign);
      assert.ok((await overflow(page)) <= 0, `${hash} is wider than the window`);
    }
    assert.doesNotMatch(await page.title(), /owned/);
    before_.forEach((name, i) => (place.server.guests[i].name = name));
    assert.deepEqual(serious(page), []);
    await page.context().close();
  });

  test("what is unknown is shown as unknown", async () => {
    const page = await visit(browser, place);
    const guest = place.server.guests[4];
    const kept = { ...guest };
    const tick = place.server.tick;
    place.server.tick = () => {};
    Object.assign(guest, { figures: {}, suffers: null, objective: null, vcpus: null, controls: {} });
    await go(page, `#/guests`, ".grid .row");
    const row = page.locator(".row", { has: page.getByRole("link", { name: guest.name, exact: true }) });
    await row.locator(".mark", { hasText: "unknown" }).waitFor();
    assert.match((await row.innerText()).replaceAll(/\s+/g, " "), /unknown - - - - - standard - - - - 0/);
    Object.assign(guest, kept);
    place.server.tick = tick;
    await page.context().close();
  });

  test("when the daemon ends it is said, and when it is back all goes on", async () => {
    const page = await visit(browser, place);
    await page.locator(".connection", { hasText: "live" }).waitFor();
    await place.server.close();
    await page.locator(".connection", { hasText: "no news" }).waitFor();
    assert.deepEqual(await axe(page), []);
    /* What was decided meanwhile is shown, although nobody told it. */
    await go(page, "#/log", "main.log");
    const [last] = place.server.decisions.slice(-1);
    place.server.decisions.push({ ...last, id: 99, state: "applied" });
    await place.server.listen(place.socket);
    await page.locator(".connection", { hasText: "live" }).waitFor();
    await page.getByText("#99", { exact: true }).waitFor();
    await page.context().close();
  });
});
