/** The whole line before providers that fail, for tests: each call in a world of its own where none is given. */
import { app } from "../../src/app.ts";
import type { Deps } from "../../src/deps.ts";
import { flight } from "../../src/http/flight.ts";
import { affinityMemory } from "../../src/policy/affinity-memory.ts";
import { healthRecord } from "../../src/policy/health.ts";
import { retryBudget } from "../../src/policy/retry-budget.ts";
import type { CallRow } from "../../src/stores/store.ts";
import type { ProtocolId } from "../sim/wire.ts";
import { type TestClock, testClock } from "./faults-clock.ts";
import { type Heard, hearStream, hearWhole } from "./faults-heard.ts";
import { type Act, provider, type Who } from "./faults-provider.ts";
import { start } from "./faults-table.ts";
import { gateway } from "./gateway.ts";

/** One provider of each protocol: its own callers are relayed, and others are translated. */
export const providers = { responses: "openai", chat: "compatible", messages: "anthropic", gemini: "gemini" } as const;
export const callers = Object.keys(providers) as ProtocolId[];
const ids = Object.values(providers);

const timeouts = { headersMs: 40_000, firstContentMs: 50_000, idleMs: 60_000, totalMs: 90_000 } as const;

/** @param aliases beside the providers, of which each has the model `m`, and `spare`, which always has its own words */
export function faultGateway(aliases: Readonly<Record<string, readonly string[]>>, routes: object = {}) {
  return gateway({
    PROVIDERS: {
      ...Object.fromEntries(ids.map((id) => [id, { timeouts }])),
      compatible: { base: "https://failing.test/v1", speaks: ["chat"], secret: "COMPATIBLE_KEY", timeouts },
      spare: { base: "https://failing.test/spare/v1", speaks: ["chat"], timeouts },
    },
    ...{ ALIASES: aliases, ROUTES: routes },
    PRICES: Object.fromEntries([...ids, "spare"].map((id) => [`${id}/*`, { input: 1, output: 4 }])),
  });
}

export interface Asking {
  readonly caller: ProtocolId;
  readonly model: string;
  readonly stream: boolean;
  readonly headers?: Readonly<Record<string, string>>;
  /** What whoever is asked does. */
  readonly actOf: (who: Who) => Act;
}

export interface Seen {
  readonly answer: Response;
  readonly body: string;
  /** Who was asked, in order. */
  readonly asked: readonly Who[];
  /** All that was entered into the account. */
  readonly rows: readonly CallRow[];
  readonly bytesHeld: number;
  readonly tookMs: number;
}

/** What is remembered from call to call. */
export type World = Pick<Deps, "health" | "retries" | "affinities" | "chance"> & { readonly clock: TestClock };

export function world(chance: () => number = () => 0.5): World {
  const memory = { health: healthRecord(), retries: retryBudget(), affinities: affinityMemory() };
  return { ...memory, chance, clock: testClock(start) };
}

/** Asks, and lets time pass until everything is over. */
export async function ask(
  at: ReturnType<typeof gateway>,
  { actOf, ...asking }: Asking,
  within: World = world(),
): Promise<Seen> {
  const { clock } = within;
  const startedAt = clock.now();
  const asked: Who[] = [];
  const rows: CallRow[] = [];
  const kept: Promise<unknown>[] = [];
  const store: Deps["store"] = {
    ...at.deps.store,
    settle(team, settlement) {
      rows.push(settlement.row);
      return at.deps.store.settle(team, settlement);
    },
  };
  const counted = (who: Who): Act => {
    asked.push(who);
    return actOf(who);
  };
  const deps: Deps = {
    ...at.deps,
    ...within,
    ...{ store: clock.watching(store), flight: flight(1_000_000) },
    fetch: provider(counted, clock.wait),
    waitUntil: (promise) => void kept.push(promise),
  };
  const answered = async (): Promise<Pick<Seen, "answer" | "body">> => {
    const answer = await app.fetch(requestOf(at.key, asking), { deps });
    return { answer, body: await answer.text() };
  };
  const { answer, body } = await clock.run(answered());
  const tookMs = clock.now() - startedAt;
  await clock.run(Promise.all(kept));
  return { answer, body, asked, rows, bytesHeld: deps.flight.bytes, tookMs };
}

/** As the caller's SDK would ask. */
function requestOf(key: string, { caller, model, stream, headers: more }: Omit<Asking, "actOf">): Request {
  const messages = [{ role: "user", content: "Count." }];
  const bodies = {
    responses: ["/v1/responses", { model, stream, store: false, input: "Count." }],
    chat: ["/v1/chat/completions", { model, stream, messages }],
    messages: ["/v1/messages", { model, stream, messages, max_tokens: 1000 }],
    gemini: [
      `/v1beta/models/${model}:${stream ? "streamGenerateContent?alt=sse" : "generateContent"}`,
      { contents: [{ role: "user", parts: [{ text: "Count." }] }] },
    ],
  } as const satisfies Record<ProtocolId, readonly [string, object]>;
  const [path, body] = bodies[caller];
  const headers = { authorization: `Bearer ${key}`, "content-type": "application/json", ...more };
  return new Request(`http://gearbox.test${path}`, { method: "POST", headers, body: JSON.stringify(body) });
}

export function heard({ answer, body }: Seen, { caller, stream }: Asking, isGarbled = false): Heard | "refused" {
  if (answer.status !== 200) return "refused";
  return stream ? hearStream(caller, body, isGarbled) : hearWhole(caller, body);
}
