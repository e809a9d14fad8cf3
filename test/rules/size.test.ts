/** Files stay small: a reader should hold one in mind. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";

const src = join(import.meta.dirname, "../../src");
const most = 300;

it(`no file of src has more than ${most} lines`, () => {
  const files = readdirSync(src, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"));
  const lines = files.map((file) => ({ file, lines: readFileSync(join(src, file), "utf8").split("\n").length - 1 }));
  expect(lines.length).toBeGreaterThan(20);
  expect(lines.filter((each) => each.lines > most)).toEqual([]);
});
