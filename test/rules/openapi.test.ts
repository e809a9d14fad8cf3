/** openapi.yaml and what the Worker serves of it are what `npm run openapi` writes, and name every route there is. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { app } from "../../src/app.ts";
import { document } from "../../src/openapi/document.ts";
import { printYaml } from "../../src/openapi/yaml.ts";

const root = join(import.meta.dirname, "../..");
const described = document();

describe("openapi.yaml", () => {
  it("is what `npm run openapi` writes", () => {
    expect(readFileSync(join(root, "openapi.yaml"), "utf8")).toBe(printYaml(described));
  });

  it("is served as JSON", async () => {
    const answer = await app.request("/openapi.json");
    expect(answer.headers.get("content-type")).toBe("application/json");
    expect(await answer.json()).toEqual(JSON.parse(JSON.stringify(described)));
  });

  it("names the routes that are served", () => {
    const named = Object.entries(described.paths as Record<string, object>).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    // Gemini's path says the model and what to do with it in one part, which OpenAPI cannot tell from the model alone.
    const served = app.routes
      .filter(({ method, path }) => method !== "ALL" && !path.endsWith("*"))
      .map(
        ({ method, path }) => `${method} ${path.replace(/:(\w+)(\{[^}]*\})?/g, "{$1}").replace("{call}", "{model}")}`,
      );
    expect(named.length).toBeGreaterThan(10);
    expect(named.sort()).toEqual([...new Set(served)].sort());
  });

  it("refers to nothing that is not there, and to all that is", () => {
    const text = JSON.stringify(described);
    const references = new Set(
      [...text.matchAll(/"#\/components\/(\w+)\/(\w+)"/g)].map(([, kind, id]) => `${kind}/${id}`),
    );
    const components = described.components as Record<string, object>;
    const there = Object.entries(components)
      .filter(([kind]) => kind !== "securitySchemes")
      .flatMap(([kind, each]) => Object.keys(each).map((id) => `${kind}/${id}`));
    expect([...references].sort()).toEqual(there.sort());
  });

  it("prints what could be taken for something else in quotes", () => {
    const odd = {
      yes: "no",
      "200": "1.0",
      text: "a: b # c",
      list: [],
      empty: {},
      none: null,
      many: [{ a: [1, true] }],
    };
    const lines = ['"200": "1.0"', '"yes": "no"', 'text: "a: b # c"', "list: []", "empty: {}", "none: null"];
    expect(printYaml({ x: odd })).toBe(`x:\n  ${lines.join("\n  ")}\n  many: [{ a: [1, true] }]\n`);
  });
});
