/** The README says of every field what the tables beside the codecs say. */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { readmeFile, withTable } from "../dispositions-table.ts";

it("the README's table of fields equals the dispositions (else: npm run tables)", () => {
  const readme = readFileSync(readmeFile, "utf8");
  expect(withTable(readme)).toBe(readme);
});
