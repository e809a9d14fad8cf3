/** The lockfile check, and that the scripts run on the Node that the lockfile brings. */
import { describe, expect, it } from "vitest";
import { type Lockfile, lockProblems } from "./lockfile.ts";

const entry = { version: "1.0.0", integrity: "sha512-x" };

describe("lockProblems", () => {
  it("is content with a whole lock, hoisted or nested", () => {
    const lock: Lockfile = {
      packages: {
        "": { optionalDependencies: { top: "1.0.0" } },
        "node_modules/top": entry,
        "node_modules/tool": { ...entry, optionalDependencies: { "@tool/linux": "1.0.0", "@tool/mac": "1.0.0" } },
        "node_modules/@tool/linux": entry,
        "node_modules/tool/node_modules/@tool/mac": entry,
      },
    };
    expect(lockProblems({ dependencies: { tool: "1.0.0" }, devDependencies: { beta: "5.2.2-beta" } }, lock)).toEqual(
      [],
    );
  });

  it("names the platform package that is missing, and who wants it", () => {
    const lock: Lockfile = {
      packages: {
        "node_modules/a/node_modules/tool": { ...entry, optionalDependencies: { "@tool/mac": "1.0.0" } },
        "node_modules/b/node_modules/@tool/mac": entry,
      },
    };
    expect(lockProblems({}, lock)).toEqual([
      "package-lock.json: @tool/mac, which node_modules/a/node_modules/tool names, is missing.",
    ]);
  });

  it("names an entry without integrity", () => {
    const lock: Lockfile = {
      packages: { "": { optionalDependencies: { top: "1.0.0" } }, "node_modules/top": { version: "1.0.0" } },
    };
    expect(lockProblems({}, lock)).toEqual(["package-lock.json: top, which package.json names, has no integrity."]);
  });

  it("wants exact versions", () => {
    const manifest = { dependencies: { a: "^1.0.0", b: "1.0.0" }, optionalDependencies: { c: "latest" } };
    expect(lockProblems(manifest, { packages: {} })).toEqual([
      'package.json: a "^1.0.0" is no exact version.',
      'package.json: c "latest" is no exact version.',
    ]);
  });
});

describe("the Node that runs the tests", () => {
  it("is the locked one, not the machine's", () => {
    expect(process.version).toMatch(/^v24\./);
  });
});
