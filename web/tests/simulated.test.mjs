// The dashboard in a browser over the daemon's own handlers and a simulated host, through the real
// gateway: every page and every action.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { axe, go, launch, open, overflow, PAGES, raw, serious, tabTo, told, until, visit } from "./harness.mjs";

const VIEWS = [
  { width: 1280, height: 800, theme: "light" },
  { width: 1280, height: 800, theme: "dark" },
  { width: 800, height: 700, theme: "light" },
  { width: 360, height: 740, theme: "light" },
  { width: 360, height: 740, theme: "dark" },
];

let browser, place;
before(async () => {
  place = await open({ simulate: ["--guests", "20", "--warm", "60", "--mode", "advise"] });
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await place?.close();
});

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
  await go(page, "#/log", ".decisions .id");
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

test("who did what is noted", async () => {
  const page = await visit(browser, place);
  await go(page, "#/log", ".decisions .id");
  await page.getByLabel("Show").selectOption("notes");
  const status = await page.evaluate(async () => (await fetch("/api/v1/vms/batch-2/class", {
    method: "POST", headers: { "X-Ballast": "1" }, body: '{"class":"standard"}' })).status);
  assert.equal(status, 200);
  const note = page.locator(".decisions li", { hasText: /class of .*batch-2.* set to .*standard.*, by \S/ });
  await note.waitFor();
  await page.reload();
  await page.getByLabel("Show").selectOption("notes");
  await note.waitFor();
  assert.equal(await note.count(), 1);
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
