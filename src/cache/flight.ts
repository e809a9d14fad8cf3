/**
 * One upstream call that several callers wait for, all alike: whoever asked first may leave as any other. Its answer is
 * kept in one buffer while it lasts; when the last has left, the provider's work ends. Lives where the call was sent.
 */
import { noUsage, type Usage } from "../canon/usage.ts";
import { asFault, Fault } from "../fault.ts";
import { greedyReader } from "../http/stream.ts";
import { type Answer, type Outcome, relayed } from "../pipes.ts";
import { answerObject } from "../protocols/message.ts";
import type { Protocol } from "../protocols/protocol.ts";
import { type Cursor, fan } from "./fan.ts";
import { type Head, printRecord, type Told } from "./records.ts";
import { mostBytes } from "./store.ts";
import { eventStream, typeOf } from "./truth.ts";

/** What was generated until now, whoever has read how much of it. */
export interface Account {
  readonly usage: Usage;
  readonly ended: Outcome["ended"];
  /** Bytes of text. */
  readonly said: number;
}

export interface Flight {
  /** The records of one more follower, from the first one on. */
  follow(follower: number): ReadableStream<Uint8Array>;
  leave(follower: number): void;
  /** Those who still read. */
  readonly present: ReadonlySet<number>;
  account(): Account;
  /** May one more still have all of it? */
  readonly isOpen: boolean;
  /** Has the provider said all it will? */
  readonly isOver: boolean;
  /** The answer so far and what it is; `undefined` where it is too large to be kept, or none. */
  readonly taken: { readonly bytes: Uint8Array; readonly type: string } | undefined;
  /** Bytes of memory. */
  readonly held: number;
}

/** @param ask sends the call; what it throws is told to every follower */
export function flight(
  protocol: Protocol,
  ask: (signal: AbortSignal) => Promise<Response>,
  wait: (ms: number) => Promise<void>,
): Flight {
  const abort = new AbortController();
  const buffer = fan(mostBytes, wait);
  const head = Promise.withResolvers<Told>();
  const present = new Set<number>();
  const cursors = new Map<number, Cursor>();
  const meter = meterOf(protocol);
  let last: Told | undefined;
  let type: string | undefined;
  let isRefused = false;

  async function read(answer: Response): Promise<void> {
    isRefused = !answer.ok;
    if (answer.ok) type = typeOf(answer.headers);
    head.resolve({ type: "head", head: headOf(answer) });
    if (answer.body === null) return;
    const reader = greedyReader(answer.body);
    abort.signal.addEventListener("abort", () => void reader.cancel().catch(() => undefined), { once: true });
    for (;;) {
      await buffer.room();
      abort.signal.throwIfAborted();
      const { done, value } = await reader.read();
      if (done) return;
      // What will be gone from the buffer is counted before it goes.
      if (buffer.size + value.length > mostBytes) count();
      buffer.write(value);
    }
  }

  async function run(): Promise<void> {
    try {
      await read(await ask(abort.signal));
      last = { type: "end" };
    } catch (thrown) {
      last = failureOf(thrown);
      head.resolve(last);
    }
    buffer.close();
  }

  function count(): void {
    if (type === eventStream) meter.push(buffer.since(meter.size));
  }

  function leave(follower: number): void {
    cursors.get(follower)?.leave();
    cursors.delete(follower);
    present.delete(follower);
    if (present.size === 0 && last === undefined) abort.abort();
  }

  function follow(follower: number): ReadableStream<Uint8Array> {
    const cursor = buffer.follow();
    present.add(follower);
    cursors.set(follower, cursor);
    return records(
      head.promise,
      async () => {
        const next = await cursor.read();
        if (next === "cut") return tooSlow;
        return next === "end" ? (last ?? brokenOff) : { type: "bytes", bytes: next };
      },
      () => leave(follower),
    );
  }

  void run();
  return {
    ...{ follow, leave, present },
    account() {
      count();
      if (type === eventStream) return meter.account();
      return accountOf(protocol, last?.type === "end" ? buffer.whole : undefined);
    },
    get isOpen() {
      const hasFailed = last !== undefined && last.type !== "end";
      return !hasFailed && !isRefused && !abort.signal.aborted && buffer.size <= mostBytes;
    },
    get isOver() {
      return last !== undefined;
    },
    get taken() {
      const bytes = buffer.size <= mostBytes ? buffer.whole : undefined;
      return bytes === undefined || type === undefined ? undefined : { bytes, type };
    },
    get held() {
      return buffer.held;
    },
  };
}

/** The stream of one follower's records. Bytes, as no other stream leaves an object. */
function records(head: Promise<Told>, next: () => Promise<Told>, left: () => void): ReadableStream<Uint8Array> {
  let isTold = false;
  let isGone = false;
  return new ReadableStream(
    {
      type: "bytes",
      async pull(controller) {
        const told = isTold ? await next() : await head;
        isTold = true;
        if (isGone) return;
        controller.enqueue(printRecord(told));
        if (told.type === "head" || told.type === "bytes") return;
        controller.close();
        left();
      },
      cancel() {
        isGone = true;
        left();
      },
    },
    { highWaterMark: 0 },
  );
}

const tooSlow: Told = {
  type: "failure",
  failure: { kind: "timeout", message: "This answer was read too slowly: it is shared with others." },
};

const brokenOff: Told = { type: "failure", failure: { kind: "upstream", message: "The provider's answer broke off." } };

function failureOf(thrown: unknown): Told {
  if (!(thrown instanceof Fault)) return brokenOff;
  const { kind, message } = asFault(thrown);
  return { type: "failure", failure: { kind, message } };
}

/** Of the body as it is read here, which is neither packed nor of a known length. */
const bodyHeaders = new Set(["content-encoding", "content-length", "transfer-encoding"]);

function headOf(answer: Response): Head {
  return { status: answer.status, headers: [...answer.headers].filter(([name]) => !bodyHeaders.has(name)) };
}

/** What a stream has cost, counted once and by need: nobody asks as long as somebody reads to the end. */
function meterOf(protocol: Protocol) {
  let pipe: Answer | undefined;
  let size = 0;
  let account: Account | undefined;
  const outcome = (now: Outcome): void => {
    account = { usage: now.usage, ended: now.ended, said: pipe?.said ?? 0 };
  };
  return {
    get size() {
      return size;
    },
    push(bytes: Uint8Array): void {
      pipe ??= relayed(protocol, false, outcome);
      pipe.push(bytes.slice());
      size += bytes.length;
    },
    account(): Account {
      pipe?.leave();
      return account ?? { usage: noUsage, ended: "left", said: 0 };
    },
  };
}

/** A whole answer says at its end what it came to. */
function accountOf(protocol: Protocol, bytes: Uint8Array | undefined): Account {
  const nothing = { usage: noUsage, ended: "left", said: 0 } as const;
  if (bytes === undefined) return nothing;
  try {
    const usage = protocol.usage(answerObject(bytes, protocol), noUsage);
    return { usage, ended: "whole", said: 0 };
  } catch {
    return nothing;
  }
}
