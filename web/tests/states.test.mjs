// The dashboard in a browser over the stand-in: what a simulated host cannot show.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { axe, go, launch, open, overflow, PAGES, serious, told, until, visit } from "./harness.mjs";

let browser, place;
before(async () => {
  place = await open({ standIn: { guests: 12 } });
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await place?.close();
});

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

test("page sharing that somebody keeps from working breaks no word of the boundaries", async () => {
  const page = await visit(browser, place);
  Object.assign(place.server.host.sharing, { state: "blocked", blocker: `database-${"x".repeat(40)}` });
  await page.getByText("Pages are not shared, because database-").waitFor();
  for (const width of [1180, 800, 360]) {
    await page.setViewportSize({ width, height: 760 });
    const heads = page.locator("section", { hasText: "Boundaries" }).locator("tbody th");
    for (const box of await heads.evaluateAll((all) => all.map((one) => one.clientWidth)))
      assert.ok(box > 70, `a name has ${box} px at ${width}`);
    assert.ok((await overflow(page)) <= 0, `the page is wider than ${width} px`);
  }
  Object.assign(place.server.host.sharing, { state: "plenty", blocker: undefined });
  await page.getByText("not needed").waitFor();
  await page.context().close();
});

test("guests on NUMA nodes, and memory that runs out", async () => {
  const page = await visit(browser, place);
  const nodes = page.locator(".node");
  assert.match(await nodes.nth(0).innerText(),
    /Node 0\s+CPUs 8, memory 32\.0 GiB, 11\.0 GiB available[\s\S]*db-1\s+\d+\s+3\.0 GiB\s+here/);
  assert.match(await nodes.nth(1).innerText(),
    /memory 32\.0 GiB, - available[\s\S]*web-4\s+\d+\s+2\.0 GiB 66\.7 %\s+node 0/);
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
  await go(page, "#/log", ".decisions .id");
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

test("what else happened stands among the decisions, in the order of time", async () => {
  const page = await visit(browser, place);
  await go(page, "#/log", ".decisions .kind");
  const lines = page.locator(".decisions > li");
  const short = async () => (await lines.allInnerTexts()).map((text) =>
    /started|is here|policy|#\d+/.exec(text)?.[0]);
  assert.deepEqual((await short()).slice(-4), ["#2", "is here", "#1", "started"]);
  place.server.note("policy", "the policy is reloaded <b>");
  await page.getByText("the policy is reloaded <b>").waitFor();
  assert.equal((await short())[0], "policy");
  /* Loaded anew it comes from the store, and is the same. */
  await page.reload();
  await page.getByText("the policy is reloaded <b>").waitFor();
  assert.equal(await page.getByText("the policy is reloaded <b>").count(), 1);
  await page.getByLabel("Show").selectOption("notes");
  await until("notes alone", async () => (await page.locator(".decisions .id").count()) === 0);
  assert.match(await page.locator(".bar [role=status]").innerText(), /^3 notes$/);
  await page.getByLabel("Show").selectOption("decisions");
  await until("decisions alone", async () => (await page.locator(".decisions .kind").count()) === 0);
  await page.getByLabel("Show").selectOption("");
  await page.getByLabel("State of decisions").selectOption("proposed");
  await until("one entry", async () => (await lines.count()) === 1);
  await page.getByLabel("State of decisions").selectOption("");
  await go(page, `#/log/${place.server.guests[6].name}`, ".decisions .kind");
  assert.equal(await page.locator(".decisions .kind").count(), 1);
  assert.deepEqual(await axe(page), []);
  await page.context().close();
});

test("older notes are asked for until there are none", async () => {
  const page = await visit(browser, place);
  const kept = place.server.events;
  place.server.events = Array.from({ length: 250 }, (_, n) => ({
    id: n + 1, kind: "guest", time: new Date(Date.now() - (250 - Math.floor(n / 7)) * 60000).toISOString(),
    text: `note ${n} of many`,
  }));
  await go(page, "#/log", ".decisions .kind");
  await page.getByLabel("Show").selectOption("notes");
  const count = page.locator(".bar [role=status]");
  const older = page.getByRole("button", { name: "Older" });
  for (const sum of [100, 200, 250]) {
    await until(`${sum} notes`, async () => (await count.innerText()) === `${sum} notes`);
    await older.click();
  }
  await older.waitFor({ state: "detached" });
  assert.equal(await page.getByText("note 0 of many", { exact: true }).count(), 1);
  place.server.events = kept;
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
  assert.match((await row.innerText()).replaceAll(/\s+/g, " "), /unknown - - - - - - - standard - - - - 0/);
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
