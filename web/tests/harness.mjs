// What the browser tests run on: a daemon (the simulated host of "ballast-sim serve", or the stand-in),
// the real gateway before it, and Debian's Chromium. BUILD names the build folder.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { connect, createServer } from "node:net";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { chromium } from "playwright-core";
import { StandIn } from "./stand-in.mjs";

const ROOT = resolve(import.meta.dirname ?? new URL(".", import.meta.url).pathname, "../..");
const BUILD = resolve(ROOT, process.env.BUILD ?? "build");

/** Every page that needs no name, and what is there when it is. */
export const PAGES = [
  ["#/host", ".host .verdict"],
  ["#/guests", ".grid .row"],
  ["#/blame", "table.matrix"],
  ["#/log", ".decisions .id"],
  ["#/policy", "textarea"],
];

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

export async function until(what, test, patience = 60000) {
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

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

/** The simulated host served over TCP, with TLS, as "ballastd --listen" does; `tokens` by role. */
export async function openRemote(simulate) {
  const folder = mkdtempSync(join(tmpdir(), "ballast-web-"));
  const path = (name) => join(folder, name);
  const tokens = {};
  const entries = {};
  for (const role of ["viewer", "operator", "admin"]) {
    const made = execFileSync(join(BUILD, "programs/ballast"), ["token", `some-${role}`, role],
      { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
    tokens[role] = /^token: (\S+)$/m.exec(made)[1];
    entries[role] = /^entry: (.+)$/m.exec(made)[1];
  }
  const allow = (roles) =>
    writeFileSync(path("access"), roles.map((role) => `${entries[role]}\n`).join(""), { mode: 0o600 });
  allow(Object.keys(entries));
  execFileSync("openssl", [
    "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
    "-subj", "/CN=host-1", "-addext", "subjectAltName=IP:127.0.0.1",
    "-keyout", path("key.pem"), "-out", path("cert.pem"),
  ], { stdio: "ignore" });
  const origin = `https://127.0.0.1:${await freePort()}`;
  const end = await startSimulation(path("socket"), folder, [
    ...simulate, "--listen", new URL(origin).host, "--access", path("access"),
    "--tls-cert", path("cert.pem"), "--tls-key", path("key.pem"),
  ]);
  return {
    origin,
    tokens,
    allow,
    policy: path("policy.yaml"),
    async close() {
      await end();
      rmSync(folder, { recursive: true });
    },
  };
}

/** { simulate: [options of ballast-sim serve] }, { standIn: {guests} }, or { daemon: its socket }. */
export async function open({ simulate, standIn, daemon }) {
  const folder = mkdtempSync(join(tmpdir(), "ballast-web-"));
  const socket = daemon ?? join(folder, "socket");
  let server = null;
  let endServer = () => {};
  if (simulate) {
    endServer = await startSimulation(socket, folder, simulate);
  } else if (standIn) {
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

/** `anyCertificate`: one that nobody vouches for is taken, too. */
export function launch({ anyCertificate = false } = {}) {
  return chromium.launch({
    timeout: 120000,
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
      "--disable-background-networking", "--disable-component-update", "--disable-sync",
      ...(anyCertificate ? ["--ignore-certificate-errors"] : []),
    ],
  });
}

/** A page with a window of this size. Whatever it complains of, and wherever it asks, is kept. */
export async function blank(browser, { width = 1280, height = 800, theme = "light" } = {}) {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: theme });
  context.setDefaultTimeout(60000);
  const page = await context.newPage();
  const complaints = [];
  const asked = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("request", (request) => asked.push(request.url()));
  return Object.assign(page, { complaints, asked });
}

/** One that has come in by the address with the token. */
export async function visit(browser, place, view = {}) {
  const page = await blank(browser, view);
  await page.goto(place.url);
  await page.locator(".verdict").first().waitFor();
  return page;
}

export async function go(page, hash, sign) {
  await page.evaluate((to) => (location.hash = to), hash);
  await page.locator(sign).first().waitFor();
}

/** What a person does who looks for something in a hurry. */
export async function scrollAndSort(page) {
  await page.mouse.move(600, 500);
  for (let step = 0; step < 60; step++) {
    await page.mouse.wheel(0, step < 40 ? 300 : -300);
    if (step % 10 === 0) await page.locator(".grid .cell > button").nth((step / 10) % 6).click();
    await page.waitForTimeout(25);
  }
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

/** Complaints that are the browser's word for a refused request, which some tests provoke. */
export function serious(page) {
  return page.complaints.filter((one) => !one.startsWith("Failed to load resource"));
}

/** A request as no browser would send it. */
export function raw(origin, path, headers = {}, method = "GET") {
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
export async function tabTo(page, locator, most = 80) {
  for (let i = 0; i < most; i++) {
    if (await locator.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press("Tab");
  }
  assert.fail(`Tab does not reach ${locator}`);
}

/** What came of an action, as the page tells it for some seconds. */
export function told(page, pattern) {
  return page.locator(".toast p", { hasText: pattern }).waitFor();
}
