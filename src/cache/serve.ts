/**
 * The cache around one attempt: an answer that is kept is given instead of a call to the provider; one that is made is
 * copied as it passes, and kept once it has ended properly. What reads it does not know where it came from.
 */
import type { Call } from "../call.ts";
import type { Target } from "../policy/route.ts";
import type { TeamSettings } from "../teams/records.ts";
import type { Boarding } from "./flights.ts";
import type { Joined } from "./join.ts";
import { cacheKey } from "./key.ts";
import { type About, type CacheStore, type Entry, mostBytes } from "./store.ts";
import { suits, typeOf, wholeTruth } from "./truth.ts";
import { readWish } from "./wish.ts";

export interface Cached {
  /**
   * `hit`: the answer was kept. `miss`: it is made and kept. `joined`: it is made already, for an equal call. `bypass`: it
   * is made, and not kept.
   */
  readonly state: "hit" | "miss" | "joined" | "bypass";
  /** The kept answer, where there is one. */
  readonly entry?: Entry;
  /** Seconds since it was made. */
  readonly age?: number;
  /** Of a call that may wait for the answer together with others: what it brings along. */
  readonly wish?: Waiting;
  /** Those with whom it waits for the answer. */
  readonly joined?: Joined;
  /** The provider's answer, copied as it is read. */
  copy(answer: Response): Response;
  /** The answer has ended properly and came to this. */
  keep(told: Pick<About, "usage"> & Partial<Pick<About, "cost">>): Promise<void>;
}

type Waiting = Pick<Boarding, "key" | "recasts" | "about" | "ttlMs" | "notBefore"> & { readonly team: string };

export interface Looked {
  readonly call: Call;
  /** Is its answer kept as part of a conversation? */
  readonly isKept: boolean;
  readonly target: Target;
  readonly team: string;
  readonly settings: TeamSettings["cache"];
  /** The caller's. */
  readonly headers: Headers;
  readonly origin: string;
  /** The request as it goes up. */
  readonly body: readonly Uint8Array[];
  readonly sent: Readonly<Record<string, string>>;
  /** Can an answer that came in the other form be said in the one that is wanted? */
  readonly recasts: () => boolean;
  readonly now: number;
}

/** `undefined` where the call has nothing to do with the cache. Throws the Fault of a header that cannot be read. */
export async function lookUp(looked: Looked, store: CacheStore): Promise<Cached | undefined> {
  const { call, target, team, now } = looked;
  const wish = readWish(looked.headers, looked.settings, { ...call, isKept: looked.isKept });
  if (wish === undefined) return undefined;
  const { protocol } = target;
  const key = cacheKey({
    team,
    protocol,
    origin: looked.origin,
    body: Buffer.concat(looked.body),
    headers: looked.sent,
  });
  if (key === undefined) return undefined;
  // A cache that cannot be reached is a cache without the answer.
  const entry = wish.reads ? await store.get(team, key, now).catch(() => undefined) : undefined;
  const notBefore = now - wish.mostAgeMs;
  if (entry !== undefined && entry.about.storedAt > notBefore && suits(entry.about.type, call.stream, looked.recasts)) {
    return hit(entry, now);
  }
  if (wish.ttlMs === 0) return { ...untouched, state: "bypass" };
  const tape = recorder();
  const made = { protocol, provider: target.provider.id, model: target.model, tags: wish.tags };
  const waiting = { team, key, about: made, ttlMs: wish.ttlMs, notBefore };
  return {
    state: "miss",
    ...(wish.coalesces && wish.reads && { wish: { ...waiting, recasts: looked.recasts() } }),
    copy: tape.copy,
    async keep({ usage, cost }) {
      const { bytes: taken, type } = tape.taken();
      const bytes = taken === undefined ? undefined : wholeTruth(protocol, taken, type);
      if (bytes === undefined) return;
      const times = { storedAt: now, expiresAt: now + wish.ttlMs };
      const about = { ...made, ...times, type, usage, ...(cost !== undefined && { cost }) };
      await store.put(team, key, { body: bytes, about }, now);
    },
  };
}

/** An answer that was kept. */
export function hit(entry: Entry, now: number): Cached {
  return { ...untouched, state: "hit", entry, age: Math.floor((now - entry.about.storedAt) / 1000) };
}

/** For an answer that is not to be kept by us. */
export const untouched = { copy: (answer: Response) => answer, keep: async () => undefined };

/** The kept answer as its provider gave it. */
export function answerOf({ body, about }: Entry): Response {
  return new Response(body as Uint8Array<ArrayBuffer>, { headers: { "content-type": about.type } });
}

/** Copies an answer's bytes while somebody else reads them; a large one is given up. */
function recorder() {
  const parts: Uint8Array[] = [];
  let size = 0;
  let type = "";

  function take(part: Uint8Array): void {
    size += part.length;
    if (size <= mostBytes) parts.push(part.slice());
    else parts.length = 0;
  }

  function copied(body: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
    const reader = body.getReader();
    return new ReadableStream<Uint8Array>(
      {
        async pull(controller) {
          const { done, value } = await reader.read();
          if (done) {
            controller.close();
            return;
          }
          take(value);
          controller.enqueue(value);
        },
        cancel: (reason) => reader.cancel(reason),
      },
      { highWaterMark: 0 },
    );
  }

  return {
    copy(answer: Response): Response {
      if (answer.body === null) return answer;
      type = typeOf(answer.headers);
      return new Response(copied(answer.body), answer);
    },
    taken: () => ({ bytes: size <= mostBytes ? Buffer.concat(parts) : undefined, type }),
  };
}
