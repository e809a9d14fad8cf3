/** The data folder without a gateway: what is kept, what is replaced, who holds it. */
import { randomBytes } from "node:crypto";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openData } from "../../src/local/data.ts";
import { takeLock } from "../../src/local/lock.ts";
import { checkKey } from "../../src/policy/key.ts";

let folder = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "gearbox-data-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe("openData", () => {
  it("makes a secret and a key of it once", () => {
    const first = openData(folder, {}, randomBytes);
    const again = openData(folder, {}, randomBytes);

    expect(again).toEqual(first);
    expect(first.secret.length).toBeGreaterThanOrEqual(32);
    expect(checkKey([first.secret], first.firstKey)?.hash).toBe(first.firstKeyHash);
  });

  it("closes a folder and files that were open to others", () => {
    openData(folder, {}, randomBytes);
    chmodSync(folder, 0o755);
    for (const file of readdirSync(folder)) chmodSync(join(folder, file), 0o644);
    openData(folder, {}, randomBytes);

    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(readdirSync(folder).map((file) => [file, statSync(join(folder, file)).mode & 0o777])).toEqual([
      ["first-key", 0o600],
      ["secret", 0o600],
    ]);
  });

  it("uses a given secret and does not keep it", () => {
    const { firstKey, secret } = openData(folder, { given: "g".repeat(32) }, randomBytes);

    expect(secret).toBe("g".repeat(32));
    expect(checkKey([secret], firstKey)).toBeDefined();
    expect(readdirSync(folder)).toEqual(["first-key"]);
  });

  it("keeps a key of the previous secret, and replaces one of neither", () => {
    const old = openData(folder, { given: "a".repeat(32) }, randomBytes);
    const rotated = openData(folder, { given: "b".repeat(32), previous: "a".repeat(32) }, randomBytes);
    expect(rotated).toMatchObject({ firstKey: old.firstKey, firstKeyHash: old.firstKeyHash, isKeyRenewed: false });

    const after = openData(folder, { given: "b".repeat(32) }, randomBytes);
    expect(after.isKeyRenewed).toBe(true);
    expect(checkKey(["b".repeat(32)], after.firstKey)?.hash).toBe(after.firstKeyHash);
    expect(readFileSync(join(folder, "first-key"), "utf8")).toBe(`${after.firstKey}\n`);
    expect(openData(folder, { given: "b".repeat(32) }, randomBytes)).toEqual({ ...after, isKeyRenewed: false });
  });
});

describe("takeLock", () => {
  it("holds until it is released", () => {
    const lock = takeLock(folder);
    expect(() => takeLock(folder)).toThrow(`in use by another gateway, process ${process.pid}`);
    lock.release();
    takeLock(folder).release();
  });

  it("does not mistake the note of an ended process for a holder", () => {
    // The id of a process that lives, but is no workerd of this folder: ids are used again.
    writeFileSync(join(folder, "holder.json"), JSON.stringify({ starter: process.pid, worker: process.pid }));
    takeLock(folder).release();
  });
});
