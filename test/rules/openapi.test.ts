/** openapi.yaml names the paths that are served, no more and no fewer. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { app } from "../../src/app.ts";

it("openapi.yaml names the paths that are served", () => {
  const text = readFileSync(join(import.meta.dirname, "../../openapi.yaml"), "utf8");
  const paths = text.slice(text.indexOf("\npaths:"), text.indexOf("\ncomponents:"));
  const described = [...paths.matchAll(/^ {2}(\/\S+):$/gm)].map(([, path = ""]) => path);
  const served = app.routes
    .filter(({ method, path }) => method !== "ALL" && !path.endsWith("*"))
    .map(({ path }) => path.replace(/:(\w+)(\{[^}]*\})?/g, "{$1}"));
  expect(described.length).toBeGreaterThan(3);
  expect(described.sort()).toEqual([...new Set(served)].sort());
});
