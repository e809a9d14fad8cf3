/**
 * Whatever goes wrong with a provider, on both lanes, for each of the four callers, as a stream and whole, alone and with
 * a spare target: the caller hears a whole answer or a typed failure in its own protocol, once; who is asked and how often
 * follows from the kind of the failure; and each attempt that cost something is in the account once.
 */
import { describe, expect, it } from "vitest";
import { type FaultKind, faults } from "../../src/fault.ts";
import { protocols } from "../../src/protocols/index.ts";
import type { ProtocolId } from "../sim/wire.ts";
import { type Heard, hearRefusal } from "./faults-heard.ts";
import type { Failure, FaultCase, Place } from "./faults-kinds.ts";
import { type Asking, ask, callers, faultGateway, heard, providers, type Seen } from "./faults-line.ts";
import { good, type Who, words } from "./faults-provider.ts";
import { faultCases } from "./faults-table.ts";

const foreign = { responses: "messages", chat: "gemini", messages: "responses", gemini: "chat" } as const;
const lanes = callers.flatMap((caller) => [
  { caller, protocol: caller, relay: true, lane: "relay" },
  { caller, protocol: foreign[caller] as ProtocolId, relay: false, lane: "translate" },
]);

const at = faultGateway(
  Object.fromEntries(Object.values(providers).map((id) => [`with-${id}`, [`${id}/m`, "spare/m"]])),
);

/**
 * What follows from a kind: how often the target is asked where it is the only one, how often where there is a spare one,
 * and whether that is asked then.
 */
const course = {
  bad_request: { alone: 1, beside: 1, moves: false },
  credential: { alone: 1, beside: 1, moves: true },
  quota: { alone: 1, beside: 1, moves: true },
  no_model: { alone: 1, beside: 1, moves: true },
  too_large: { alone: 1, beside: 1, moves: true },
  timeout: { alone: 1, beside: 1, moves: true },
  rate_limit: { alone: 2, beside: 1, moves: true },
  upstream: { alone: 2, beside: 2, moves: true },
  overloaded: { alone: 3, beside: 1, moves: true },
} as const satisfies Partial<Record<FaultKind, { alone: number; beside: number; moves: boolean }>>;

interface Expected {
  readonly status: number;
  readonly end: Heard["end"] | "refused";
  readonly text: string | "some";
  readonly asked: readonly string[];
  readonly retryAfter: string | null;
}

/** Everything that is to be seen of a call follows from the failure's kind, and from when it comes. */
function expected(failure: Failure | undefined, place: Place, caller: ProtocolId, hasSpare: boolean): Expected {
  const told = { retryAfter: null, asked: ["failing"] } as const;
  if (failure === undefined) return { ...told, status: 200, end: "whole", text: words.failing };
  if (failure.when === "begun") return { ...told, status: 200, end: "failed", text: "some" };
  const { alone, beside, moves } = course[failure.kind as keyof typeof course];
  if (hasSpare && moves) {
    const asked = [...Array<string>(beside).fill("failing"), "spare"];
    return { ...told, status: 200, end: "whole", text: words.spare, asked };
  }
  // One that wants to be left alone for long is not waited for.
  const times = failure.kind === "rate_limit" && (failure.retryAfterMs ?? 0) > 2000 ? 1 : alone;
  const asked = Array<string>(times).fill("failing");
  // Nothing can follow a third attempt, so that it is not held.
  if (failure.when === "held" && times === 3) return { ...told, asked, status: 200, end: "failed", text: "" };
  return {
    ...told,
    asked,
    status: statusOf(failure, place, caller),
    end: "refused",
    text: "",
    retryAfter: soon(failure),
  };
}

/** The provider's own word where the caller speaks its protocol, except on the gateway's credential. */
function statusOf({ kind, own }: Failure, { relay }: Place, caller: ProtocolId): number {
  if (relay && own !== undefined && kind !== "credential") return own;
  return protocols[caller].fault.statuses?.[kind] ?? faults[kind];
}

/** Whole seconds, which Codex wants; of what may be over soon, always. */
function soon({ kind, retryAfterMs }: Failure): string | null {
  const usual: Partial<Record<FaultKind, number>> = { rate_limit: 2000, overloaded: 2000 };
  const ms = retryAfterMs ?? usual[kind];
  return ms === undefined ? null : String(Math.ceil(ms / 1000));
}

describe.each(lanes)("$caller, $lane:", ({ caller, protocol, relay }) => {
  it.each(faultCases.map((each) => [each.name, each] as const))("%s", async (_, each) => {
    for (const stream of [true, false]) {
      const place = { protocol, relay, stream };
      if (each.at?.(place) === false) continue;
      for (const hasSpare of [false, true]) {
        const failure = each.failure(place);
        const model = hasSpare ? `with-${providers[protocol]}` : `${providers[protocol]}/m`;
        const asking = { caller, model, stream, actOf: (who: Who) => (who === "spare" ? good : each.act) };
        const seen = await ask(at, asking);
        const label = JSON.stringify({ stream, hasSpare, body: seen.body.slice(-600) });
        checkAnswer(seen, expected(failure, place, caller, hasSpare), asking, each, label);
        checkAccount(seen, failure, each.isUncounted?.(place) === true, label);
      }
    }
  });
});

function checkAnswer(seen: Seen, want: Expected, asking: Asking, { isGarbled }: FaultCase, label: string): void {
  const { answer, body, asked } = seen;
  const said = heard(seen, asking, isGarbled);
  const header = (name: string) => answer.headers.get(name);
  expect({ status: answer.status, asked, attempts: header("x-gearbox-attempts") }, label).toEqual({
    status: want.status,
    asked: want.asked,
    attempts: String(want.asked.length),
  });
  if (want.asked.length > 1) expect(header("x-gearbox-retry-reason"), label).toMatch(/^[a-z_]+$/);
  if (said === "refused") {
    expect(want.end, label).toBe("refused");
    expect(hearRefusal(asking.caller, body), label).toEqual([]);
    expect(header("retry-after"), label).toBe(want.retryAfter);
    return;
  }
  expect({ end: said.end, wrong: said.wrong }, label).toEqual({ end: want.end, wrong: [] });
  if (want.text !== "some") expect(said.text, label).toBe(want.text);
  // No word twice, none left out before the end.
  else expect(words.failing.startsWith(said.text), said.text).toBe(true);
}

function checkAccount(
  { rows, answer, asked, bytesHeld }: Seen,
  failure: Failure | undefined,
  isUncounted: boolean,
  label: string,
): void {
  const id = answer.headers.get("x-request-id") ?? "";
  const [row, ...again] = rows.filter((each) => each.id === id);
  expect({ again, bytesHeld }, label).toEqual({ again: [], bytesHeld: 0 });
  const isWhole = failure === undefined || asked.at(-1) === "spare";
  if (isWhole && isUncounted) {
    // By its 62 bytes.
    expect(row, label).toMatchObject({ state: "estimated", usage: { output: 16 }, status: 200 });
  } else if (isWhole) {
    expect(row, label).toMatchObject({ state: "settled", usage: { input: 20, output: 12 }, cost: 68_000, status: 200 });
  } else {
    expect(row?.state, label).toMatch(answer.status === 200 ? /^(estimated|released)$/ : /^released$/);
    // What broke off never costs more than all of it.
    expect(row?.cost, label).toBeLessThanOrEqual(row?.state === "released" ? 0 : 108_000);
  }
  const failed = asked.filter((who) => who === "failing").length;
  const isTold = answer.status === 200 && !isWhole && failure?.when === "held";
  const costly = failure?.costs === true ? failed - (isTold ? 1 : 0) : 0;
  const others = rows.filter((each) => each.id !== id);
  const numbered = Array.from({ length: costly }, (_, number) => `${id}.${number + 1}`);
  expect(
    others.map((each) => each.id),
    label,
  ).toEqual(numbered);
  for (const each of others) expect(each.state, label).not.toBe("released");
}
