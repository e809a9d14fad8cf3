/** Adding a provider to the catalog as the README says it: its five lines, put where it says, and nothing else. */
import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, describe, expect, it } from "vitest";
import { catalog } from "../../src/providers/catalog.ts";

const root = join(import.meta.dirname, "../..");
const readme = readFileSync(join(root, "README.md"), "utf8");
const lines = `  {
    ...compatible,
    id: "example",
    name: "Example",
    base: "https://api.example.com/v1",
    secret: "EXAMPLE_API_KEY",
  },
`;

const copy = mkdtempSync(join(tmpdir(), "gearbox-catalog-"));
afterAll(() => rmSync(copy, { recursive: true, force: true }));

it("its five lines at the end of the catalog are a provider, ready to be called", async () => {
  cpSync(join(root, "src"), join(copy, "src"), { recursive: true });
  cpSync(join(root, "package.json"), join(copy, "package.json"));
  symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
  const file = join(copy, "src/providers/catalog.ts");
  const before = readFileSync(file, "utf8");
  const after = before.replace(/\];\s*$/, `${lines}];\n`);
  expect(after.length).toBe(before.length + lines.length);
  writeFileSync(file, after);
  const program = `
    import { readConfig } from "./src/config.ts";
    import { route } from "./src/policy/route.ts";
    import { endpoint } from "./src/providers/endpoint.ts";
    const config = readConfig({ GEARBOX_SECRET: "x".repeat(32), EXAMPLE_API_KEY: "key" });
    const [target] = route({ protocol: "responses", model: "example/some-model", body: {} }, config);
    console.log(JSON.stringify({ ...target, provider: target.provider.name, url: endpoint(target, true) }));
  `;
  const run = ["--input-type=module-typescript", "--eval", program];
  const { stdout } = await promisify(execFile)(process.execPath, run, { cwd: copy });
  expect(JSON.parse(stdout)).toEqual({
    provider: "Example",
    protocol: "chat",
    model: "some-model",
    credential: "key",
    credentialName: "EXAMPLE_API_KEY",
    url: "https://api.example.com/v1/chat/completions",
  });
});

describe.runIf(readme.includes("## Providers"))("the README", () => {
  it("shows these five lines", () => {
    expect(readme).toContain(lines.replace(/^ {2}/gm, ""));
  });

  it("names every provider of the catalog with its settings", () => {
    for (const { id, secret, settings = [] } of catalog) {
      for (const name of [id, ...(secret === undefined ? [] : [secret]), ...settings.map((each) => each.name)]) {
        expect(readme).toContain(`\`${name}\``);
      }
    }
  });
});
