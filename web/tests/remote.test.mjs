// The dashboard over the daemon's own port: TLS, a token that the page asks for, and roles. The certificate
// is made here, and this browser alone is told to take any.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { readFileSync, writeFileSync } from "node:fs";
import { axe, blank, launch, go, openRemote, overflow, serious, told, until } from "./harness.mjs";

let browser, place;
before(async () => {
  place = await openRemote(["--guests", "20", "--warm", "60", "--mode", "advise"]);
  browser = await launch({ anyCertificate: true });
});
after(async () => {
  await browser?.close();
  await place?.close();
});

/** A page that asks for a token. */
async function knock(view) {
  const page = await blank(browser, view);
  await page.goto(place.origin);
  await page.getByLabel("Token").waitFor();
  return page;
}

async function give(page, token) {
  await page.getByLabel("Token").fill(token);
  await page.getByRole("button", { name: "Log in" }).click();
}

async function enter(role) {
  const page = await knock();
  await give(page, place.tokens[role]);
  await page.locator(".verdict").first().waitFor();
  return page;
}

function refusal(page, pattern) {
  return page.getByRole("alert").filter({ hasText: pattern }).waitFor();
}

const ask = (page, path, init) =>
  page.evaluate(async ([path_, init_]) => (await fetch(path_, init_)).status, [path, init]);

test("the page is there for everybody, what it asks is not", async () => {
  for (const view of [{}, { theme: "dark" }, { width: 360, height: 740 }]) {
    const page = await knock(view);
    assert.deepEqual(await axe(page), []);
    assert.ok((await overflow(page)) <= 0, "the login is wider than the window");
    assert.match(await page.locator("main").innerText(), /ballast token NAME ROLE/);
    for (const path of ["status", "vms", "figures", "events", "notes", "decisions", "policy"])
      assert.equal(await ask(page, `/api/v1/${path}`), 401, path);
    /* It found that out by one request, and follows nothing. */
    assert.deepEqual(page.asked.filter((url) => /figures|events/.test(url)).length, 2);
    assert.deepEqual(serious(page), []);
    await page.context().close();
  }
});

test("a text that is no token, and a token that is not known, are told apart", async () => {
  const page = await knock();
  await give(page, "short");
  await refusal(page, /This cannot be a token/);
  await give(page, "x".repeat(43));
  await refusal(page, /The host does not know this token/);
  assert.deepEqual(await axe(page), []);
  /* It is not kept: each request with it would count as one more attempt. */
  assert.deepEqual(await page.context().cookies(), []);
  await give(page, place.tokens.viewer);
  await page.locator(".verdict").first().waitFor();
  await page.context().close();
});

test("who has a token sees the host, live, by a cookie that scripts cannot read", async () => {
  const page = await enter("viewer");
  const [cookie] = await page.context().cookies();
  assert.ok(cookie.httpOnly && cookie.secure);
  assert.equal(cookie.sameSite, "Strict");
  assert.equal(await page.evaluate(() => document.cookie), "");
  const clock = page.locator(".connection", { hasText: "live" });
  const first = await clock.innerText();
  await until("another time of the figures", async () => (await clock.innerText()) !== first);
  await page.reload();
  await page.locator(".verdict").first().waitFor();
  assert.deepEqual(serious(page), []);
  await page.context().close();
});

test("a role that does not reach is named, and nothing happens", async () => {
  const page = await enter("viewer");
  await page.getByRole("button", { name: /^mode:/ }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("combobox").selectOption("enforce");
  await dialog.getByRole("button", { name: "Set mode enforce" }).click();
  await refusal(page, /Your role does not allow this: .*some-viewer.* has the role viewer; this needs admin/);
  await dialog.getByRole("button", { name: "Cancel" }).click();
  await page.getByRole("button", { name: "mode: advise" }).waitFor();
  await page.context().close();
});

test("an operator approves, and it is told over the stream", async () => {
  const page = await enter("operator");
  await go(page, "#/log", ".decisions .id");
  const one = page.locator(".decisions li", {
    has: page.getByRole("button", { name: /^Approve/ }) }).first();
  const id = await one.locator(".id").innerText();
  await one.getByRole("button", { name: /^Approve/ }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Approve" }).click();
  await told(page, /approved/);
  await page.locator(".decisions li", { has: page.getByText(id, { exact: true }) })
    .locator(".mark", { hasText: /applied|effective/ }).waitFor();
  await page.context().close();
});

test("what acts needs the header that no foreign page can send", async () => {
  const page = await enter("admin");
  const body = '{"mode":"observe"}';
  assert.equal(await ask(page, "/api/v1/mode", { method: "POST", body }), 403);
  assert.equal(await ask(page, "/api/v1/session", { method: "POST", body: '{"token":null}' }), 403);
  await page.getByRole("button", { name: "mode: advise" }).waitFor();
  const headers = { "X-Ballast": "1" };
  assert.equal(await ask(page, "/api/v1/mode", { method: "POST", body, headers }), 200);
  await page.getByRole("button", { name: "mode: observe" }).waitFor();
  await page.context().close();
});

test("log out", async () => {
  const page = await enter("viewer");
  await page.getByRole("button", { name: "Log out" }).click();
  await page.getByText("You are logged out.").waitFor();
  assert.deepEqual(await page.context().cookies(), []);
  assert.equal(await page.locator(".verdict").count(), 0);
  await page.reload();
  await page.getByLabel("Token").waitFor();
  await page.context().close();
});

test("who is taken off the access file is out at the next request", async () => {
  const page = await enter("viewer");
  const admin = await enter("admin");
  const policy = await admin.evaluate(async () => (await (await fetch("/api/v1/policy")).json()).files[0].text);
  writeFileSync(place.policy, policy);
  place.allow(["operator", "admin"]);
  await go(admin, "#/policy", "textarea");
  await admin.getByRole("button", { name: "Reload the files" }).click();
  await admin.getByRole("dialog").getByRole("button", { name: "Reload" }).click();
  await admin.getByRole("dialog").waitFor({ state: "detached" });
  await page.evaluate(() => (location.hash = "#/log"));
  await page.getByText("You are not logged in any more").waitFor();
  assert.equal(await page.locator(".decisions").count(), 0);
  assert.match(readFileSync(place.policy, "utf8"), /^version: 1/m);
  place.allow(["viewer", "operator", "admin"]);
  await page.context().close();
  await admin.context().close();
});

/* The last one: until some seconds later nobody comes in from this address. */
test("after many wrong tokens the page says to wait, and then lets in who has one", async () => {
  const page = await knock();
  const problem = page.getByRole("alert");
  await until("that it is enough", async () => {
    await give(page, "y".repeat(43));
    await problem.waitFor();
    return /Not now\. .*wait some seconds/.test(await problem.innerText());
  });
  await until("a way in", async () => {
    if ((await page.locator(".verdict").count()) > 0) return true;
    await give(page, place.tokens.operator).catch(() => undefined);
    await page.locator(".verdict").or(problem).first().waitFor();
    return (await page.locator(".verdict").count()) > 0;
  });
  await page.context().close();
});
