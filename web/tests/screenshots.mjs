// Takes the pictures of the documentation: node tests/screenshots.mjs [SOCKET]. The host and its critical
// guest are those of the daemon behind SOCKET, or simulated; the table of many guests always is.
import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { go, launch, open, visit } from "./harness.mjs";

const FOLDER = fileURLToPath(new URL("../../docs/images/", import.meta.url));

async function take(browser, place, { file, hash, sign, theme, height = 760 }) {
  const page = await visit(browser, place, { theme, width: 1180, height });
  await go(page, hash, sign);
  /* What Ballast did, and that it helped: the browser itself takes CPU time of a real host. */
  await page.locator(".decisions .id").or(page.locator(".grid .row")).first().waitFor();
  if (hash !== "#/guests") await page.locator(".verdict.good").waitFor();
  await page.screenshot({ path: FOLDER + file });
  execFileSync("pngquant", ["--force", "--strip", "--output", FOLDER + file, "128", FOLDER + file]);
  await page.context().close();
}

/** The first critical guest by name. */
async function critical(browser, place) {
  const page = await visit(browser, place);
  const names = await page.evaluate(async () =>
    (await (await fetch("/api/v1/vms")).json()).items
      .filter((guest) => guest.class === "critical").map((guest) => guest.name));
  await page.context().close();
  return encodeURIComponent(names.sort()[0]);
}

mkdirSync(FOLDER, { recursive: true });
const STORY = fileURLToPath(new URL("story.yaml", import.meta.url));
const simulate = ["--scenario", STORY, "--warm", "1800", "--mode", "enforce"];
const daemon = process.argv[2] || undefined;
const many = await open({ simulate });
const host = daemon === undefined ? many : await open({ daemon });
const browser = await launch();
try {
  const chart = ".charts canvas";
  await take(browser, host, { file: "host-light.png", hash: "#/host", sign: chart, theme: "light" });
  await take(browser, host, { file: "host-dark.png", hash: "#/host", sign: chart, theme: "dark" });
  const guest = `#/guest/${await critical(browser, host)}`;
  await take(browser, host, { file: "guest-light.png", hash: guest, sign: chart, theme: "light" });
  await take(browser, many, { file: "guests-dark.png", hash: "#/guests", sign: ".grid .row", theme: "dark" });
} finally {
  await browser.close();
  if (host !== many) await host.close();
  await many.close();
}
