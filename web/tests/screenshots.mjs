// Takes the pictures of the documentation, of a simulated host: node tests/screenshots.mjs
import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { go, launch, open, visit } from "./harness.mjs";

const FOLDER = fileURLToPath(new URL("../../docs/images/", import.meta.url));
const PICTURES = [
  { file: "host-light.png", hash: "#/host", sign: ".charts canvas", theme: "light" },
  { file: "host-dark.png", hash: "#/host", sign: ".charts canvas", theme: "dark" },
  { file: "guests-dark.png", hash: "#/guests", sign: ".grid .row", theme: "dark" },
  { file: "guest-light.png", hash: "#/guest/web-0", sign: ".charts canvas", theme: "light" },
];

mkdirSync(FOLDER, { recursive: true });
const place = await open({
  simulate: ["--guests", "14", "--cpus", "8", "--warm", "1800", "--mode", "advise"],
});
const browser = await launch();
try {
  for (const { file, hash, sign, theme } of PICTURES) {
    const page = await visit(browser, place, { theme, width: 1180, height: 760 });
    await go(page, hash, sign);
    await page.screenshot({ path: FOLDER + file });
    execFileSync("pngquant", ["--force", "--strip", "--output", FOLDER + file, "64", FOLDER + file]);
    await page.context().close();
  }
} finally {
  await browser.close();
  await place.close();
}
