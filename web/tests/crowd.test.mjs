// The dashboard with as many guests as a large host has. How fast it is then, "make bench-web" tells.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { go, launch, open, scrollAndSort, serious, until, visit } from "./harness.mjs";

let browser, place;
before(async () => {
  place = await open({ simulate: ["--guests", "1000", "--mode", "observe"] });
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await place?.close();
});

test("only rows in sight are there, and every row is reached", async () => {
  const page = await visit(browser, place);
  await go(page, "#/guests", ".grid .row");
  assert.equal(await page.locator('[role="table"]').getAttribute("aria-rowcount"), "1001");
  assert.ok((await page.locator(".grid .row").count()) < 60);
  await page.locator(".grid").focus();
  await page.keyboard.press("End");
  await page.locator('.row[aria-rowindex="1001"]:focus').waitFor();
  assert.ok((await page.locator(".grid .row").count()) < 60);
  await page.context().close();
});

test("the table is sorted and filtered while it is scrolled and new figures come", async () => {
  const page = await visit(browser, place);
  await go(page, "#/guests", ".grid .row");
  const clock = page.locator(".connection");
  const first = await clock.innerText();
  await scrollAndSort(page);
  await until("other figures", async () => (await clock.innerText()) !== first);
  await page.getByPlaceholder("Filter by name").fill("web-1");
  await until("fewer rows", async () =>
    Number(await page.locator('[role="table"]').getAttribute("aria-rowcount")) < 1001);
  assert.deepEqual(serious(page), []);
  await page.context().close();
});
