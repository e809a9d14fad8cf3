/**
 * What the gateway keeps of the Responses API, and its engine on Durable Objects: sixteen `Conversations` of each team.
 * A conversation lives whole in one of them, its home, so that going on with it is one question; a shard that an id
 * leads to and that is not its home knows the way. Another team's ids lead to this team's objects: they are not there.
 */
import { addressOf, shards } from "../conversations/address.ts";
import { fits } from "../conversations/bounds.ts";
import type { Conversations } from "../teams/conversation.ts";

/** An item of a conversation, as text: what was said, in the words of whoever said it. */
export interface Said {
  readonly json: string;
  /** Its own id, where it has one. */
  readonly id?: string;
  /** How an id begins that is made for one that has none. */
  readonly prefix: string;
  /** It was named by its id alone: what is kept under it is meant, whatever it says. */
  readonly isReference?: boolean;
}

/** A response that is to be kept, and what it answers. */
export interface Turn {
  readonly id: string;
  /** The response that it goes on from. */
  readonly previous?: string;
  /** Where that lies, or an item that it names. */
  readonly home?: string;
  readonly input: readonly Said[];
  readonly output: readonly Said[];
  /** The rest of the response, as text that only who wrote it reads. */
  readonly body: string;
  readonly at: number;
  /** Milliseconds since 1970; from then on it is not there any more. */
  readonly expiresAt: number;
}

export interface History {
  readonly home: string;
  /** All that was said up to the end of a response, oldest first; `undefined` where it is too long to be said again. */
  readonly items: readonly string[] | undefined;
}

/** Which input items of a response: at most `limit`, behind the one with the id `after`. */
export interface ItemsQuery {
  readonly order: "asc" | "desc";
  readonly limit: number;
  readonly after?: string;
}

export interface ItemsPage {
  readonly items: readonly { readonly id: string; readonly json: string }[];
  readonly hasMore: boolean;
}

export interface StoredResponse {
  /** As {@link Turn.body}. */
  readonly body: string;
  readonly output: readonly string[];
}

/** Everything is of one team; `undefined` is what is not there, has expired, was deleted or is another team's. */
export interface ConversationStore {
  history(team: string, response: string, now: number): Promise<History | undefined>;
  /** Those of the items that are there, by id, and where they lie. */
  items(team: string, ids: readonly string[], now: number): Promise<ReadonlyMap<string, FoundItem>>;
  /** Whole or not at all. False where it is too large, or what it goes on from is gone. */
  keep(team: string, turn: Turn): Promise<boolean>;
  response(team: string, id: string, now: number): Promise<StoredResponse | undefined>;
  inputItems(team: string, id: string, query: ItemsQuery, now: number): Promise<ItemsPage | undefined>;
  /** Was it there? What later responses go on from stays with them. */
  delete(team: string, id: string, now: number): Promise<boolean>;
  /** Nothing of the team is left. */
  erase(team: string): Promise<void>;
}

export interface FoundItem {
  readonly home: string;
  readonly json: string;
}

/** What a shard says: that it has it, that another one has, or (`undefined`) that there is no such thing. */
export type Answered<T> = { readonly found: T } | { readonly moved: string } | undefined;

type Objects = DurableObjectNamespace<Conversations>;

export function durableConversations(objects: Objects): ConversationStore {
  // A stub belongs to the request that made it, so each call makes its own.
  const shard = (team: string, digit: string) => objects.getByName(`${team}/${digit}`);

  /** Asks where the id leads, and where that shard sends us. */
  async function ask<T>(
    team: string,
    id: string,
    question: (object: ReturnType<typeof shard>) => Promise<Answered<T>>,
  ): Promise<{ home: string; found: T } | undefined> {
    const address = addressOf(id);
    const answer = await question(shard(team, address));
    if (answer === undefined) return undefined;
    if ("found" in answer) return { home: address, found: answer.found };
    const second = await question(shard(team, answer.moved));
    return second !== undefined && "found" in second ? { home: answer.moved, found: second.found } : undefined;
  }

  /**
   * Where a turn lies that goes on from nothing: at its own address; but one whose caller sends everything again lies
   * beside what that was before, so that the same items are not kept twice.
   */
  async function homeOf(team: string, { id, input, at }: Turn): Promise<string> {
    const last = input.findLast((item) => item.id !== undefined)?.id;
    const known = last === undefined ? undefined : await ask(team, last, async (object) => object.has(last, at));
    return known?.home ?? addressOf(id);
  }

  return {
    async history(team, response, now) {
      const answer = await ask(team, response, async (object) => object.history(response, now));
      return answer && { home: answer.home, items: answer.found.items };
    },
    items: (team, ids, now) => findItems((digit, some) => shard(team, digit).items(some, now), ids),
    async keep(team, turn) {
      if (!fits(turn)) return false;
      const home = turn.home ?? (await homeOf(team, turn));
      // What was named is named again: it has to be found for as long as this is.
      const said = [...turn.input.filter(({ isReference }) => isReference === true), ...turn.output];
      const ids = [turn.id, ...said.flatMap(({ id }) => (id === undefined ? [] : [id]))];
      const pointed = [...grouped(ids, addressOf)].filter(([digit]) => digit !== home);
      // At once: a pointer to what is not there yet says the same as none.
      const [isKept] = await Promise.all([
        shard(team, home).keep(turn),
        ...pointed.map(([digit, some]) => shard(team, digit).point(some, home, turn.at, turn.expiresAt)),
      ]);
      return isKept;
    },
    async response(team, id, now) {
      return (await ask(team, id, async (object) => object.response(id, now)))?.found;
    },
    async inputItems(team, id, query, now) {
      return (await ask(team, id, async (object) => object.inputItems(id, query, now)))?.found;
    },
    async delete(team, id, now) {
      return (await ask(team, id, async (object) => object.forget(id, now))) !== undefined;
    },
    async erase(team) {
      await Promise.all(shards.map(async (digit) => shard(team, digit).erase()));
    },
  };
}

/** What a shard says of several ids at once. */
export interface ItemsFound {
  readonly items: readonly { readonly id: string; readonly json: string }[];
  readonly moved: readonly { readonly id: string; readonly home: string }[];
}

async function findItems(
  question: (digit: string, ids: readonly string[]) => Promise<ItemsFound>,
  ids: readonly string[],
): Promise<ReadonlyMap<string, FoundItem>> {
  const found = new Map<string, FoundItem>();
  const askAll = async (groups: ReadonlyMap<string, readonly string[]>): Promise<Map<string, string>> => {
    const answers = await Promise.all(
      [...groups].map(async ([home, some]) => ({ home, ...(await question(home, some)) })),
    );
    for (const { home, items } of answers) for (const { id, json } of items) found.set(id, { home, json });
    return new Map(answers.flatMap(({ moved }) => moved.map(({ id, home }) => [id, home] as const)));
  };
  const homes = await askAll(grouped(new Set(ids), addressOf));
  await askAll(grouped(homes.keys(), (id) => homes.get(id) ?? ""));
  return found;
}

function grouped<T>(values: Iterable<T>, by: (value: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const value of values) groups.set(by(value), [...(groups.get(by(value)) ?? []), value]);
  return groups;
}
