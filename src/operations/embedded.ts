/**
 * Embeddings of which some are kept: each input has an entry of its own, so that of a batch only those are bought that
 * nobody of the team has asked for before. What is bought is kept at its share of the cost.
 */
import type { Bill } from "../bill.ts";
import { type CacheKey, cacheKey } from "../cache/key.ts";
import type { Part } from "../cache/part.ts";
import type { Entry, Kept } from "../cache/store.ts";
import { readWish, type Wish } from "../cache/wish.ts";
import { noUsage, type Usage } from "../canon/usage.ts";
import type { Deps } from "../deps.ts";
import { Fault } from "../fault.ts";
import type { Ticket } from "../http/flight.ts";
import type { Lease } from "../lease.ts";
import { originOf } from "../policy/origin.ts";
import type { Target } from "../policy/route.ts";
import { settle } from "../settle.ts";
import type { Try } from "../tries.ts";
import { answerWith, batchOf, vectorsIn, type Words } from "./embedding-batch.ts";

export interface Looked {
  /** Absent where the call has nothing to do with the cache. */
  readonly part?: Part;
  /** Absent where the call is to be made as any other is. */
  readonly made?: Embedded;
}

export interface Embedded {
  /** The answer in the words of who makes it: the vectors of all inputs, and the usage of those that were bought. */
  readonly bytes: Uint8Array;
  /** Which of the inputs were bought, and how large these are. */
  readonly bought: readonly number[];
  readonly boughtBytes: number;
  /** The provider's own; absent where nothing was bought. */
  readonly answer?: Response;
  /** Enters the call into the account, and keeps what was bought. */
  settle(usage: Usage): Bill;
}

export interface EmbeddedContext {
  readonly lease: Lease;
  readonly ticket: Ticket;
  readonly tried: Try;
  readonly request: Request;
  readonly deps: Deps;
}

type Slices = readonly Uint8Array[];
type Ask = (body: Slices) => Promise<Response>;

/** Throws the Fault of a header that cannot be read, and of a provider with other vectors than it was asked for. */
export async function embedded(
  words: Words,
  body: Slices,
  target: Target,
  context: EmbeddedContext,
  ask: Ask,
): Promise<Looked> {
  const order = orderOf(words, body, target, context);
  if (order === undefined) return {};
  if (order === "bypass") return { part: { state: "bypass" } };
  const there = await found(order, context.deps);
  context.ticket.take([...there.values()].reduce((all, { body }) => all + body.length, 0));
  const missing = order.inputs.filter(({ key }) => !there.has(key));
  const made = missing.length === 0 ? undefined : await make(order, missing, context, ask);
  if (made !== undefined && made.vectors === undefined && there.size > 0) throw unreadable(target, context);
  const fresh = new Map(missing.map(({ at }, place) => [at, made?.vectors?.[place]]));
  const vectors = order.inputs.map(({ key, at }) => there.get(key)?.body ?? fresh.get(at));
  const part = partOf(order, there);
  const bytes =
    made !== undefined && there.size === 0 ? made.said : answerWith(words, vectors, made?.said, target.model);
  const embedded: Embedded = {
    ...{ bytes, bought: missing.map(({ at }) => at), boughtBytes: sum(missing) },
    ...(made !== undefined && { answer: made.answer }),
    settle(usage) {
      const bill = settle({ usage, ended: "whole" }, target, context, { part });
      if (made?.vectors !== undefined) keep(order, missing, made.vectors, bill, context);
      return bill;
    },
  };
  return { part, made: embedded };
}

interface Input {
  readonly at: number;
  readonly key: CacheKey;
  /** Bytes of all that its vector depends on. */
  readonly size: number;
}

/** What is wanted: some inputs' vectors, by this target. */
interface Order {
  readonly words: Words;
  readonly target: Target;
  readonly team: string;
  readonly wish: Wish;
  readonly now: number;
  readonly body: Slices;
  readonly inputs: readonly Input[];
  /** The request for these inputs only. */
  only(wanted: readonly number[]): Slices;
}

function orderOf(words: Words, body: Slices, target: Target, context: EmbeddedContext): Order | "bypass" | undefined {
  const { lease, ticket, request, deps } = context;
  const { id: team, settings } = lease.grant.team;
  const wish = readWish(request.headers, settings.cache);
  if (wish === undefined) return undefined;
  const whole = Buffer.concat(body);
  // Its copy, and what it is taken apart into.
  ticket.take(2 * whole.length);
  const batch = wish.ttlMs === 0 ? undefined : batchOf(words, whole);
  if (batch === undefined) return "bypass";
  const origin = `${words}/${originOf(target)}`;
  const inputs = batch.inputs.flatMap((input, at): Input[] => {
    const key = cacheKey({ team, protocol: "embeddings", origin, body: input });
    return key === undefined ? [] : [{ at, key, size: input.length }];
  });
  return { words, target, team, wish, now: deps.clock.now(), body, inputs, only: batch.only };
}

/** A cache that cannot be reached is a cache without an entry. */
async function found({ inputs, team, wish, now }: Order, { cache }: Deps): Promise<ReadonlyMap<CacheKey, Entry>> {
  if (!wish.reads) return new Map();
  const keys = inputs.map(({ key }) => key);
  const entries = await cache.getMany(team, keys, now).catch(() => new Map<CacheKey, Entry>());
  return new Map([...entries].filter(([, { about }]) => now - about.storedAt < wish.mostAgeMs));
}

interface Made {
  readonly answer: Response;
  readonly said: Uint8Array;
  /** `undefined` where they cannot be told from the answer. */
  readonly vectors: readonly Uint8Array[] | undefined;
}

async function make(
  { words, body, inputs, only }: Order,
  missing: readonly Input[],
  { lease, ticket }: EmbeddedContext,
  ask: Ask,
): Promise<Made> {
  const wanted = missing.length === inputs.length ? body : only(missing.map(({ at }) => at));
  const answer = await lease.during(ask(wanted));
  const said = new Uint8Array(await lease.during(answer.arrayBuffer()));
  ticket.take(2 * said.length);
  return { answer, said, vectors: vectorsIn(words, said, missing.length) };
}

/** It was paid for nevertheless: a row of its own, as another target may yet answer. */
function unreadable(target: Target, { lease, tried }: EmbeddedContext): Fault {
  const fault = new Fault("upstream", "The provider's answer has other embeddings than it was asked for.");
  lease.settleAttempt({ outcome: { usage: noUsage, ended: "whole" }, target, status: fault.status }, tried.number);
  return fault;
}

function partOf({ inputs, now }: Order, there: ReadonlyMap<CacheKey, Entry>): Part {
  const entries = inputs.map(({ key }) => there.get(key)).filter((entry) => entry !== undefined);
  if (entries.length === 0) return { state: "miss" };
  const oldest = Math.min(...entries.map(({ about }) => about.storedAt));
  return {
    state: entries.length === inputs.length ? "hit" : "partial",
    saved: entries.reduce((all, { about }) => all + (about.cost ?? 0), 0),
    age: Math.floor((now - oldest) / 1000),
  };
}

function keep(
  { team, target, wish, now }: Order,
  bought: readonly Input[],
  vectors: readonly Uint8Array[],
  { cost, usage }: Bill,
  { deps }: EmbeddedContext,
): void {
  const [costs, inputs] = [cost, usage.input].map((amount) => shares(amount, bought));
  const entries = bought.flatMap(({ key }, place): Kept[] => {
    const body = vectors[place];
    if (body === undefined) return [];
    const [own, input] = [costs?.[place], inputs?.[place]];
    const about = {
      ...{ type: "application/json", protocol: target.protocol, provider: target.provider.id, model: target.model },
      ...{ usage: input === undefined ? noUsage : { input, output: 0 }, tags: wish.tags },
      ...{ storedAt: now, expiresAt: now + wish.ttlMs },
      ...(own !== undefined && { cost: own }),
    };
    return [{ key, entry: { body, about } }];
  });
  deps.waitUntil(deps.cache.putMany(team, entries, now).catch((cause) => console.error("cache", cause)));
}

/** The whole amount among the inputs by their size, in whole numbers that add up to it. */
function shares(amount: number | undefined, inputs: readonly Input[]): readonly number[] | undefined {
  if (amount === undefined) return undefined;
  const all = Math.max(1, sum(inputs));
  let [seen, given] = [0, 0];
  return inputs.map(({ size }) => {
    seen += size;
    const own = Math.floor((amount * seen) / all) - given;
    given += own;
    return own;
  });
}

function sum(inputs: readonly Input[]): number {
  return inputs.reduce((all, { size }) => all + size, 0);
}
