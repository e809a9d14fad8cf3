/**
 * The caller's side of a call that several wait for: it joins them in place of sending its own. What it gets is read,
 * judged and counted as an answer of the provider's; only who pays is told in the end.
 */
import { Fault } from "../fault.ts";
import type { Target } from "../policy/route.ts";
import { type Fetch, type Outgoing, prepare, refused } from "../upstream.ts";
import type { Boarded, Boarding, Share, Verdict } from "./flights.ts";
import { type Head, recordReader } from "./records.ts";
import { type Cached, hit, untouched } from "./serve.ts";

/** Where calls are in the air: beside the keys, for a team's own calls only. */
export interface Joining {
  /** Is a finished answer kept where the call is in the air? Else who pays keeps it. */
  readonly keeps: boolean;
  /** `undefined` where there is no room. */
  join(team: string, boarding: Boarding): Promise<Boarded | undefined>;
  part(team: string, key: Boarding["key"], share: Share): Promise<Verdict>;
}

/** A seat among those who wait for an answer. */
export interface Joined {
  /** Rejects with the Fault that all others get too. */
  readonly answer: Promise<Response>;
  readonly hasParted: boolean;
  /** The caller's own end, and whether it pays. Only the first time counts. */
  part(share: Omit<Share, "flight" | "follower">): Promise<Verdict>;
}

interface World {
  readonly joining: Joining;
  readonly fetch: Fetch;
}

/** Longer prompts are sent by each caller alone: all of them would be held at once where the call is made. */
const mostBodyBytes = 4 * 1024 * 1024;

/** What the call has to do with the cache, once it has joined; as it was where it wants to ask alone, or has to. */
export async function join(
  cached: Cached | undefined,
  target: Target,
  outgoing: Outgoing,
  { joining, fetch }: World,
): Promise<Cached | undefined> {
  const wish = cached?.wish;
  if (cached === undefined || wish === undefined) return cached;
  const { body, ...prepared } = await prepare(target, outgoing, fetch);
  if (body instanceof ReadableStream) return cached;
  const size = body.reduce((sum, { length }) => sum + length, 0);
  if (size > mostBodyBytes) return cached;
  const { team, ...asked } = wish;
  // In memory of its own: a Buffer may be a part of a larger one, which would travel along.
  const bytes = new Uint8Array(Buffer.concat(body, size));
  const call = { ...asked, stream: outgoing.stream, prepared: { ...prepared, body: bytes } };
  const boarding = { ...call, now: outgoing.now, isKeptHere: joining.keeps };
  // Where nobody can be joined, a call goes alone.
  const boarded = await joining.join(team, boarding).catch(() => undefined);
  if (boarded === undefined) return cached;
  if ("entry" in boarded) return hit(boarded.entry, outgoing.now);
  const joined = seat(boarded, target, outgoing.signal, (share) => joining.part(team, boarding.key, share));
  const state = boarded.isFirst ? "miss" : "joined";
  return { ...(joining.keeps ? untouched : cached), state, joined };
}

function seat(
  { flight, follower, records }: Exclude<Boarded, { readonly entry: unknown }>,
  target: Target,
  signal: AbortSignal,
  part: (share: Share) => Promise<Verdict>,
): Joined {
  const reader = records.getReader();
  const leave = () => void reader.cancel().catch(() => undefined);
  if (signal.aborted) leave();
  else signal.addEventListener("abort", leave, { once: true });
  let verdict: Promise<Verdict> | undefined;
  const answer = answered(reader).then((response) => refused(response, target));
  answer.catch(() => undefined);
  return {
    answer,
    get hasParted() {
      return verdict !== undefined;
    },
    part(share) {
      leave();
      const whole = { ...share, flight, follower };
      // Asked twice, it says the same; who cannot ask pays, as no answer is given away.
      verdict ??= part(whole)
        .catch(() => part(whole))
        .catch(() => ({ pays: true }));
      return verdict;
    },
  };
}

async function answered(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<Response> {
  const next = recordReader(reader);
  const told = await next();
  if (told.type === "failure") throw new Fault(told.failure.kind, told.failure.message);
  if (told.type !== "head") throw new Error("the first record of an answer is its head");
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const record = await next();
        switch (record.type) {
          case "bytes":
            controller.enqueue(record.bytes);
            return;
          case "failure":
            throw new Fault(record.failure.kind, record.failure.message);
          case "end":
          case "head":
            controller.close();
        }
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
  return response(told.head, body);
}

/** These have no body, and may have none. */
const bodiless = new Set([204, 205]);

function response({ status, headers }: Head, body: ReadableStream<Uint8Array>): Response {
  return new Response(bodiless.has(status) ? null : body, { status, headers: headers.map(([...pair]) => pair) });
}
