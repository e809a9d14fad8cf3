import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cacheKey, type Keyed } from "../../src/cache/key.ts";

const bytes = (body: unknown): Uint8Array => Buffer.from(typeof body === "string" ? body : JSON.stringify(body));
const base = { team: "T1", protocol: "chat", origin: "openai/gpt/abc" } as const;
const keyOf = (body: unknown, more: Partial<Keyed> = {}) => cacheKey({ ...base, body: bytes(body), ...more });

const value = fc.jsonValue({ maxDepth: 3 });
const request = fc
  .dictionary(
    fc.constantFrom("model", "messages", "system", "tools", "temperature", "seed", "reasoning", "format"),
    value,
  )
  .map((body) => ({ ...body, messages: [{ role: "user", content: "hi" }] }));

function shuffled(given: unknown): unknown {
  if (Array.isArray(given)) return given.map(shuffled);
  if (typeof given !== "object" || given === null) return given;
  return Object.fromEntries(
    Object.entries(given)
      .reverse()
      .map(([name, member]) => [name, shuffled(member)]),
  );
}

describe("the key of a call", () => {
  it("holds the headers that say how it is answered, and none that say who asks", () => {
    const body = { model: "m", messages: [] };
    const withBeta = keyOf(body, { headers: { "anthropic-beta": "context-1m-2025-08-07" } });
    expect(withBeta).not.toBe(keyOf(body));
    expect(keyOf(body, { headers: { "openai-beta": "context-1m-2025-08-07" } })).not.toBe(withBeta);
    expect(keyOf(body, { headers: { "user-agent": "codex", "session-id": "1" } })).toBe(keyOf(body));
  });

  it("is the same whatever the order of its members, whether it streams, and who is named to ask", () => {
    fc.assert(
      fc.property(request, fc.boolean(), fc.string(), (body, stream, user) => {
        const other = { ...(shuffled(body) as object), stream, user, stream_options: { include_usage: true } };
        expect(keyOf(other)).toBe(keyOf(body));
        expect(keyOf(JSON.stringify(body, undefined, 2))).toBe(keyOf(body));
      }),
    );
  });

  it("is another one where anything else differs", () => {
    const same = (one: unknown, other: unknown): boolean =>
      JSON.stringify(shuffled(one)) === JSON.stringify(shuffled(other));
    fc.assert(
      fc.property(request, fc.constantFrom("system", "tools", "seed", "extra"), value, (body, name, changed) => {
        const other = { ...body, [name]: changed };
        fc.pre(!same(sorted(body), sorted(other)));
        expect(keyOf(other)).not.toBe(keyOf(body));
      }),
    );
  });

  it("is another one of another team, protocol or account, and no part can pass for the end of another", () => {
    const all = [
      keyOf({}),
      keyOf({}, { team: "T2" }),
      keyOf({}, { protocol: "responses" }),
      keyOf({}, { origin: "openai/gpt/abd" }),
      keyOf({}, { team: "T1chat", origin: "x" }),
      keyOf({}, { team: "T1", origin: "chatx" }),
      keyOf({}, { team: "T14:chat14:openai/gpt/abc" }),
    ];
    expect(new Set(all).size).toBe(all.length);
  });

  it.each([
    ["numbers that a double cannot tell apart", '{"seed":9007199254740992}', '{"seed":9007199254740993}'],
    ["a number and its text", '{"seed":1}', '{"seed":"1"}'],
    ["look-alike letters", '{"q":"Say"}', '{"q":"S\u0430y"}'],
    ["the order of a list", '{"a":[1,2]}', '{"a":[2,1]}'],
    ["null and absence", '{"a":null}', "{}"],
    ["a member inside that is called stream", '{"a":{"stream":true}}', '{"a":{"stream":false}}'],
  ])("tells %s apart", (_, one, other) => {
    expect(keyOf(one)).not.toBe(keyOf(other));
  });

  it("is none where the request is no JSON", () => {
    expect(keyOf("--form")).toBeUndefined();
  });
});

function sorted(body: object): unknown {
  return JSON.parse(JSON.stringify(body, (_, each) => order(each)));
}

function order(each: unknown): unknown {
  if (typeof each !== "object" || each === null || Array.isArray(each)) return each;
  return Object.fromEntries(Object.entries(each).sort(([one], [other]) => (one < other ? -1 : 1)));
}
