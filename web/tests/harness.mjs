// What the browser tests run on: a daemon (the simulated host of "ballast-sim serve", or the stand-in),
// the real gateway before it, and Debian's Chromium. BUILD names the build folder.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { chromium } from "playwright-core";
import { StandIn } from "./stand-in.mjs";

const ROOT = resolve(import.meta.dirname ?? new URL(".", import.meta.url).pathname, "../..");
const BUILD = resolve(ROOT, process.env.BUILD ?? "build");
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

export async function until(what, test, patience = 20000) {
  const end = Date.now() + patience;
  for (;;) {
    const value = await test();
    if (value) return value;
    if (Date.now() > end) throw new Error(`${what} did not come about within ${patience} ms`);
    await new Promise((done) => setTimeout(done, 25));
  }
}

function answers(socket) {
  return new Promise((done) => {
    const connection = connect(socket);
    connection.on("connect", () => done(connection.destroy() && true));
    connection.on("error", () => done(false));
  });
}

async function end(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGTERM");
  await once(child, "exit");
}

async function startSimulation(socket, folder, args) {
  const child = spawn(
    join(BUILD, "programs/ballast-sim"),
    ["serve", "--socket", socket, "--state", folder, ...args],
    { stdio: ["ignore", "ignore", "pipe"] },
  );
  let said = "";
  child.stderr.on("data", (text) => (said = (said + text).slice(-4000)));
  await until("the simulation", () => {
    if (child.exitCode !== null) throw new Error(`ballast-sim serve ended: ${said}`);
    return existsSync(socket) && answers(socket);
  }, 60000);
  return () => end(child);
}

/** { simulate: [options of ballast-sim serve] } or { standIn: {guests} }. */
export async function open({ simulate, standIn }) {
  const folder = mkdtempSync(join(tmpdir(), "ballast-web-"));
  const socket = join(folder, "socket");
  let server = null;
  let endServer;
  if (simulate) {
    endServer = await startSimulation(socket, folder, simulate);
  } else {
    server = new StandIn(standIn);
    await server.listen(socket);
    endServer = () => server.close();
  }
  const gateway = spawn(
    join(BUILD, "programs/ballast"),
    ["dashboard", "--no-open", "--socket", socket],
    { stdio: ["ignore", "pipe", "ignore"] },
  );
  const [line] = await once(gateway.stdout, "data");
  return {
    url: String(line).trim(),
    origin: new URL(String(line).trim()).origin,
    server,
    socket,
    async close() {
      await end(gateway);
      await endServer();
      rmSync(folder, { recursive: true });
    },
  };
}

export function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
      "--disable-background-networking", "--disable-component-update", "--disable-sync",
    ],
  });
}

/** A page that has come in by the address with the token. Whatever it complains of, and wherever it
 * asks, is kept. */
export async function visit(browser, place, { width = 1280, height = 800, theme = "light" } = {}) {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: theme });
  const page = await context.newPage();
  const complaints = [];
  const asked = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("request", (request) => asked.push(request.url()));
  await page.addInitScript(() => {
    /* When the state of the host was first there to be read. */
    new MutationObserver((_, observer) => {
      if (document.querySelector(".verdict") === null) return;
      observer.disconnect();
      requestAnimationFrame(() => (window.shown = performance.now()));
    }).observe(document, { childList: true, subtree: true });
  });
  await page.goto(place.url);
  await page.locator(".verdict").first().waitFor();
  return Object.assign(page, { complaints, asked });
}

export async function go(page, hash, sign) {
  await page.evaluate((to) => (location.hash = to), hash);
  await page.locator(sign).first().waitFor();
}

/** What axe finds that is serious or worse. */
export async function axe(page) {
  await page.evaluate(AXE);
  const found = await page.evaluate(() =>
    window.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] }));
  return found.violations
    .filter((one) => ["serious", "critical"].includes(one.impact))
    .map((one) => `${one.id}: ${one.nodes.map((node) => node.html.slice(0, 160)).join(" | ")}`);
}

/** How far the page is wider than its window. */
export function overflow(page) {
  return page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
}
