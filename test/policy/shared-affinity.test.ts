/** A conversation whose calls come to several isolates: who is asked, who is told, and that its account stays the same. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { affinityTtlMs } from "../../src/policy/affinity.ts";
import { type Affinities, affinityMemory } from "../../src/policy/affinity-memory.ts";
import { choose } from "../../src/policy/choose.ts";
import { isBegun } from "../../src/policy/conversation.ts";
import { healthRecord } from "../../src/policy/health.ts";
import type { Target } from "../../src/policy/route.ts";
import type { Strategy } from "../../src/policy/route-table.ts";
import { affinityOf, type Sharing } from "../../src/policy/shared-affinity.ts";
import { candidatesOf, nameOf, seeded, targetOf } from "./targets.ts";

type Kept = Sharing["keptAffinities"];

const start = 1_000_000_000;
const hourMs = 3_600_000;
const candidates = candidatesOf(["a", "b", "c", "d", "e"].map((key) => targetOf("one", key)));
const first = targetOf("one", "a");
const other = targetOf("two", "b");
const place = { team: "t", conversation: "c" };

function keeping(): Kept & { readonly puts: number; readonly gets: number } {
  const records = new Map<string, { record: string; expiresAt: number }>();
  const counted = { puts: 0, gets: 0 };
  return {
    ...{
      async get(team: string, conversation: string, now: number) {
        counted.gets++;
        const found = records.get(`${team}/${conversation}`);
        return found !== undefined && found.expiresAt > now ? found.record : undefined;
      },
      async put(team: string, conversation: string, record: string, expiresAt: number) {
        counted.puts++;
        records.set(`${team}/${conversation}`, { record, expiresAt });
      },
    },
    get puts() {
      return counted.puts;
    },
    get gets() {
      return counted.gets;
    },
  };
}

function isolate(kept: Kept, wait: (ms: number) => Promise<void> = () => new Promise(() => undefined)): Sharing {
  return {
    affinities: affinityMemory(),
    keptAffinities: kept,
    clock: { now: () => start, wait },
    waitUntil: () => undefined,
  };
}

const heldIn = (sharing: Sharing) => affinityOf(place, { strategy: "fastest", candidates }, sharing);

const known = (sharing: Sharing) => heldIn(sharing).known(true);
const holderIn = (affinities: Affinities) => affinities.of("t", "c")?.segments.at(-1)?.origin;

beforeEach(() => {
  vi.spyOn(console, "error").mockImplementation(() => undefined);
});
afterEach(() => {
  vi.restoreAllMocks();
});

describe("a conversation that comes to another isolate", () => {
  it.each(["fastest", "cheapest"] as const)("goes to the account that has it: %s, 1000 of them", async (strategy) => {
    const kept = keeping();
    const [one, two] = [isolate(kept), isolate(kept)];
    const random = seeded(7);
    const health = healthRecord();
    // Whatever the first isolate finds cheap or fast, the other finds dear and slow.
    const costOf = (sign: number) => (target: Target) => sign * (target.credential ?? "").charCodeAt(0);
    const chosen = async (sharing: Sharing, conversation: string, sign: number) => {
      const where = { team: "t", conversation };
      const held = affinityOf(where, { strategy, candidates }, sharing);
      const affinity = await held.known(true);
      const circumstances = { conversation, fallback: true, health, costOf: costOf(sign) };
      const known = affinity === undefined ? circumstances : { ...circumstances, affinity };
      const [target] = choose({ strategy, candidates }, known, start, random);
      if (target === undefined) throw new Error("nothing was chosen");
      held.answered(target, 1, start);
      return nameOf(target);
    };
    const moved: string[] = [];
    for (let made = 0; made < 1000; made++) {
      const went = await chosen(one, `c${made}`, 1);
      for (const sharing of [two, one, two]) if ((await chosen(sharing, `c${made}`, -1)) !== went) moved.push(went);
    }
    expect(moved).toEqual([]);
    // Each isolate asked once, and only what was new was told.
    expect([kept.gets, kept.puts]).toEqual([2000, 1000]);
  });

  it("is asked for once, and chosen for anew where nobody knows it or nobody answers in time", async () => {
    const kept = keeping();
    expect(await known(isolate(kept))).toBeUndefined();
    heldIn(isolate(kept)).answered(first, 1, start);
    const late = isolate({ ...kept, get: () => new Promise(() => undefined) }, async () => undefined);
    expect(await known(late)).toBeUndefined();
    const down = isolate({ ...kept, get: async () => Promise.reject(new Error("down")) });
    expect(await known(down)).toBeUndefined();
    const knowing = isolate(kept);
    expect(await known(knowing)).toEqual({ segments: [{ origin: nameOf(first), from: 0 }], at: start });
    expect(holderIn(knowing.affinities)).toBe(nameOf(first));
  });

  it("is told of where it is new, where it moves, and once an hour; and it expires after its time", async () => {
    const kept = keeping();
    const one = isolate(kept);
    const held = heldIn(one);
    held.answered(first, 1, start);
    for (let items = 2; items < 10; items++) held.answered(first, items, start + items);
    expect(kept.puts).toBe(1);
    held.answered(other, 10, start + 20);
    expect(kept.puts).toBe(2);
    held.answered(other, 11, start + hourMs);
    expect(kept.puts).toBe(3);
    expect(await kept.get("t", "c", start + hourMs + affinityTtlMs - 1)).toContain(nameOf(other));
    expect(await kept.get("t", "c", start + hourMs + affinityTtlMs)).toBeUndefined();
  });

  it.each([
    ["priority", 5, true, 0],
    ["weighted", 5, true, 0],
    ["fastest", 5, true, 1],
    ["cheapest", 5, true, 1],
    ["fastest", 1, true, 0],
    ["fastest", 5, false, 0],
  ] as const satisfies [Strategy, number, boolean, number][])(
    "by %s among %i, begun: %s, is asked for %i times",
    async (strategy, count, isBegun, times) => {
      const kept = keeping();
      await affinityOf(place, { strategy, candidates: candidates.slice(0, count) }, isolate(kept)).known(isBegun);
      expect(kept.gets).toBe(times);
    },
  );
});

describe("whether anybody can have answered before", () => {
  const chat = (...roles: string[]) => ({ messages: roles.map((role) => ({ role, content: "x" })) });
  it.each([
    ["a first question", "chat", chat("system", "user"), {}, false],
    ["one behind an answer", "chat", chat("user", "assistant", "user"), {}, true],
    ["a first question by name", "chat", { ...chat("user"), prompt_cache_key: "k" }, {}, true],
    ["a first question of a session", "messages", chat("user"), { "x-session-id": "s" }, true],
    ["a tool's result", "responses", { input: [{ type: "function_call_output", output: "x" }] }, {}, true],
    ["a plain text", "responses", { input: "hi" }, {}, false],
    ["what goes on from a response", "responses", { input: "hi", previous_response_id: "resp_1" }, {}, true],
    ["Gemini's first turn", "gemini", { contents: [{ parts: [{ text: "hi" }] }] }, {}, false],
    ["Gemini's later turn", "gemini", { contents: [{ role: "model", parts: [{ text: "hi" }] }] }, {}, true],
  ] as const)("%s", (_, protocol, body, headers, isSo) => {
    expect(isBegun(new Headers(headers), { protocol, body })).toBe(isSo);
  });
});
