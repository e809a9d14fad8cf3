/** What we take from node:crypto and node:zlib works inside workerd, and the same as in Node. */
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { describe, expect, inject, it } from "vitest";
import type { Reasoning } from "../../src/canon/request.ts";
import { readBody } from "../../src/http/body.ts";
import { checkKey, mintKey, mintTeam } from "../../src/policy/key.ts";
import { sealer, withoutTokens } from "../../src/policy/seal.ts";

const random = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length));
const root = "a root secret of more than 32 characters";
const block: Reasoning = {
  type: "reasoning",
  summary: ["thought ✓"],
  native: { protocol: "messages", value: "c2ln", kind: "signature" },
};

describe("keys", () => {
  it("are known by their check, under the current and the previous secret", () => {
    const key = mintKey(root, mintTeam(random), random);
    expect(checkKey([root], key)?.team).toBe(key.split("_")[1]);
    expect(checkKey(["another root secret, also of 32 characters", root], key)).toEqual(checkKey([root], key));
    expect(checkKey(["another root secret, also of 32 characters"], key)).toBeUndefined();
    const last = key.endsWith("0") ? "1" : "0";
    expect(checkKey([root], key.slice(0, -1) + last)).toBeUndefined();
  });
});

describe("sealed reasoning", () => {
  const seal = sealer([root], "team1", random);

  it("opens to what it was, with its maker, and is letters a tool-call id may hold", () => {
    const token = seal.seal(block, "anthropic/claude/1");
    expect(token).toMatch(/^[A-Za-z0-9_-]+$/);
    expect(seal.open(token)).toEqual({ ...block, native: { ...block.native, origin: "anthropic/claude/1" } });
  });

  it("opens for no other team, and not when a single character is changed", () => {
    const token = seal.seal(block, "anthropic/claude/1");
    expect(sealer([root], "team2", random).open(token)).toBeUndefined();
    for (let at = 0; at < token.length; at += 7) {
      const other = token[at] === "A" ? "B" : "A";
      const changed = token.slice(0, at) + other + token.slice(at + 1);
      expect(seal.open(changed)).toBeUndefined();
    }
    expect(seal.open("gbxr1")).toBeUndefined();
    expect(seal.open("gbxr1AAAA")).toBeUndefined();
    expect(seal.open("something of OpenAI's")).toBeUndefined();
  });

  it("opens after the root secret was replaced, while the previous one is named", () => {
    const token = seal.seal(block, "o");
    expect(sealer(["the new root secret, of 32 characters", root], "team1", random).open(token)).toBeDefined();
    expect(sealer(["the new root secret, of 32 characters"], "team1", random).open(token)).toBeUndefined();
  });

  it("leaves a relayed body together with the item that carries it", () => {
    const token = seal.seal(block, "o");
    const kept = { type: "reasoning", encrypted_content: "OpenAI's own" };
    const body = [{ type: "reasoning", summary: [], encrypted_content: token }, kept, { text: `about ${token}` }];
    expect(withoutTokens(body)).toEqual([kept, { text: `about ${token}` }]);
    expect(withoutTokens([{ functionCall: {}, thoughtSignature: token }])).toEqual([{ functionCall: {} }]);
  });
});

it("reaches the simulated provider", async () => {
  const answer = await fetch(`${inject("sim")}/v1/models`, { headers: { authorization: "Bearer x" } });
  expect(answer.status).toBe(200);
});

describe("a request's encodings inside workerd", () => {
  const text = JSON.stringify({ text: "é".repeat(1000) });
  const read = (body: Uint8Array, encoding: string, limit = 10_000): Promise<Uint8Array> =>
    readBody(
      new Request("http://gearbox.test", { method: "POST", body, headers: { "content-encoding": encoding } }),
      limit,
      () => undefined,
    );

  it.each([
    ["gzip", gzipSync(text)],
    ["deflate", deflateSync(text)],
    ["br", brotliCompressSync(text)],
    ["zstd", zstdCompressSync(text)],
  ])("are understood, and bounded by what comes out: %s", async (encoding, body) => {
    expect(new TextDecoder().decode(await read(body, encoding))).toBe(text);
    await expect(read(body, encoding, 500)).rejects.toMatchObject({ kind: "too_large" });
    await expect(read(body.subarray(0, 9), encoding)).rejects.toMatchObject({ kind: "bad_request" });
  });
});
