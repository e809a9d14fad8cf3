/** Which of wrangler.toml, .dev.vars and the environment wins, and what is told of a wrong file. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { check, readManifest, readSettings, workerSettings } from "../../src/local/settings.ts";

let root = "";

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "gearbox-settings-"));
});

afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

describe("readSettings", () => {
  it("lets the environment win over .dev.vars, and that over wrangler.toml", () => {
    write("HEARTBEAT_MS = 1000\nMAX_BODY_BYTES = 2048\nMAX_BYTES_IN_FLIGHT = 4096");
    writeFileSync(join(root, ".dev.vars"), "MAX_BODY_BYTES=3000\nMAX_BYTES_IN_FLIGHT=5000\n");
    const settings = read({ MAX_BYTES_IN_FLIGHT: "6000" });
    expect(settings).toMatchObject({ HEARTBEAT_MS: 1000, MAX_BODY_BYTES: "3000", MAX_BYTES_IN_FLIGHT: "6000" });
  });

  it("hands tables and numbers to the Worker as texts, and nothing that it does not read", () => {
    write('HEARTBEAT_MS = 1000\n[vars.PROVIDERS.local]\nbase = "http://a/v1"\nsecret = "LOCAL_KEY"');
    const settings = read({ LOCAL_KEY: "k", OPENAI_API_KEY: "", HOME: "/root", PORT: "1" });
    const { config } = check(root, settings, readManifest(root).vars);
    expect(workerSettings(settings, config)).toEqual({
      HEARTBEAT_MS: "1000",
      LOCAL_KEY: "k",
      PROVIDERS: '{"local":{"base":"http://a/v1","secret":"LOCAL_KEY"}}',
    });
  });
});

describe("check", () => {
  it("places the data folder beside wrangler.toml", () => {
    write("");
    expect(check(root, {}, {}).local).toEqual({ host: "127.0.0.1", port: 8787, dataDir: join(root, ".data") });
  });

  it("names a var that nobody reads, and the one that was meant", () => {
    write("HEARTBEAT_SM = 1000");
    expect(() => check(root, {}, readManifest(root).vars)).toThrow(
      "vars.HEARTBEAT_SM: is no setting (wrangler.toml)\n    Fix: Did you mean HEARTBEAT_MS?",
    );
  });

  it("refuses a host that is no address, and a port that is none", () => {
    expect(() => check(root, { HOST: "x86_64-conda-linux-gnu", PORT: 65_536 }, {})).toThrow(/HOST: .*PORT: /s);
  });
});

describe("readManifest", () => {
  it("reads the vars of a named environment", () => {
    write("[env.staging]\n[env.staging.vars]\nHEARTBEAT_MS = 2000");
    expect(readManifest(root, "staging").vars).toEqual({ HEARTBEAT_MS: 2000 });
  });

  it("tells of a file that is not TOML", () => {
    write("HEARTBEAT_MS = = 1");
    expect(() => readManifest(root)).toThrow(/^The configuration has a mistake:\n {2}wrangler.toml: /);
  });
});

function write(vars: string): void {
  const head = 'name = "gearbox"\nmain = "index.ts"\ncompatibility_date = "2026-10-01"\n[vars]\n';
  writeFileSync(join(root, "wrangler.toml"), head + vars);
}

function read(environment: Readonly<Record<string, string>>) {
  return readSettings(root, readManifest(root), environment);
}
