/**
 * The cache around one attempt: an answer that is kept is given instead of a call to the provider; one that is made is
 * copied as it passes, and kept once it has ended properly. What reads it does not know where it came from.
 */
import type { Call } from "../call.ts";
import type { FinishReason } from "../canon/event.ts";
import type { Target } from "../policy/route.ts";
import { protocols } from "../protocols/index.ts";
import { readMessage } from "../protocols/message.ts";
import type { TeamSettings } from "../teams/records.ts";
import { cacheKey } from "./key.ts";
import { type About, type CacheStore, type Entry, mostBytes } from "./store.ts";
import { readWish } from "./wish.ts";

export interface Cached {
  /** `hit`: the answer was kept. `miss`: it is made and kept. `bypass`: it is made, and not kept. */
  readonly state: "hit" | "miss" | "bypass";
  /** The kept answer, where there is one. */
  readonly entry?: Entry;
  /** Seconds since it was made. */
  readonly age?: number;
  /** The provider's answer, copied as it is read. */
  copy(answer: Response): Response;
  /** The answer has ended properly and came to this. */
  keep(told: Pick<About, "usage"> & Partial<Pick<About, "cost">>): Promise<void>;
}

export interface Looked {
  readonly call: Call;
  /** Is its answer kept as part of a conversation? */
  readonly isKept: boolean;
  readonly target: Target;
  readonly team: string;
  readonly settings: TeamSettings["cache"];
  readonly headers: Headers;
  readonly origin: string;
  /** The request as it goes up. */
  readonly body: readonly Uint8Array[];
  readonly now: number;
}

/** `undefined` where the call has nothing to do with the cache. Throws the Fault of a header that cannot be read. */
export async function lookUp(looked: Looked, store: CacheStore): Promise<Cached | undefined> {
  const { call, target, team, now } = looked;
  const wish = readWish(looked.headers, looked.settings, { ...call, isKept: looked.isKept });
  if (wish === undefined) return undefined;
  const { protocol } = target;
  const key = cacheKey({ team, protocol, origin: looked.origin, body: Buffer.concat(looked.body) });
  if (key === undefined) return undefined;
  // A cache that cannot be reached is a cache without the answer.
  const entry = wish.reads ? await store.get(team, key, now).catch(() => undefined) : undefined;
  if (entry !== undefined && now - entry.about.storedAt < wish.mostAgeMs) {
    const age = Math.floor((now - entry.about.storedAt) / 1000);
    return { ...untouched, state: "hit", entry, age };
  }
  if (wish.ttlMs === 0) return { ...untouched, state: "bypass" };
  const tape = recorder();
  return {
    state: "miss",
    copy: tape.copy,
    async keep({ usage, cost }) {
      const { bytes: taken, type } = tape.taken();
      const bytes = taken === undefined ? undefined : ended(protocol, taken, type);
      if (bytes === undefined || !isWholeTruth(protocol, bytes, type)) return;
      const about = {
        ...{ type, protocol, provider: target.provider.id, model: target.model, usage, tags: wish.tags },
        ...{ storedAt: now, expiresAt: now + wish.ttlMs },
        ...(cost !== undefined && { cost }),
      };
      await store.put(team, key, { body: bytes, about }, now);
    },
  };
}

/** For an answer that is not to be kept. */
const untouched = { copy: (answer: Response) => answer, keep: async () => undefined };

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
      type = (answer.headers.get("content-type") ?? "").split(";")[0]?.trim() ?? "";
      return new Response(copied(answer.body), answer);
    },
    taken: () => ({ bytes: size <= mostBytes ? Buffer.concat(parts) : undefined, type }),
  };
}

const eventStream = "text/event-stream";

/** Behind the frame that says how it ended, an answer is read no further; what closes it is the same each time. */
const closings = {
  chat: "data: [DONE]\n\n",
  messages: 'event: message_stop\ndata: {"type":"message_stop"}\n\n',
} as const;

function ended(protocol: Target["protocol"], bytes: Uint8Array, type: string): Uint8Array {
  if (type !== eventStream || !(protocol === "chat" || protocol === "messages")) return bytes;
  const closing = closings[protocol];
  const last = closing.trim().split("\n").at(-1) ?? "";
  return Buffer.from(bytes).includes(last) ? bytes : Buffer.concat([bytes, Buffer.from(closing)]);
}

/** Ends with which nothing is missing. */
const whole: ReadonlySet<FinishReason> = new Set(["stop", "stop_sequence", "calls"]);

function isWholeTruth(protocol: Target["protocol"], bytes: Uint8Array, type: string): boolean {
  try {
    return whole.has(readMessage(protocols[protocol], bytes, type === eventStream).finish.reason);
  } catch {
    return false;
  }
}
