/** The cache on Upstash Redis: shared by all gateways before it, each team within a bound of its own. */
import { createHash } from "node:crypto";
import { type Access, running, script } from "../stores/upstash-client.ts";
import type { CacheKey } from "./key.ts";
import * as lua from "./lua.ts";
import type { About, CacheStore, Entry, Forget, Kept } from "./store.ts";

export interface UpstashCacheOptions extends Access {
  /** What a team's answers may come to, as Redis keeps them. */
  readonly mostTeamBytes?: number;
}

const scripts = { get: script(lua.get), put: script(lua.put), forget: script(lua.forget) };

const usualTeamBytes = 128 * 1024 * 1024;

/** Upstash takes requests of 1 MB; an answer of more than about 660 KB does not fit one and is not kept. */
const requestBytes = 900_000;

/** Answers that come with one reply, but for the last of them. */
const replyBytes = 512 * 1024;

/** Entries that one script looks at: all others wait for it. */
const slice = { get: 100, put: 100, forget: 500 };

/** Holds nothing that belongs to a request: one serves all of an isolate. Every method rejects with StoreDown. */
export function upstashCache(options: UpstashCacheOptions): CacheStore {
  const run = running(options);
  const { mostTeamBytes = usualTeamBytes } = options;

  /** As many scripts as it takes until all replies are here. */
  async function getSlice(team: string, keys: readonly CacheKey[], now: number): Promise<readonly string[]> {
    const values: string[] = [];
    while (values.length < keys.length) {
      const rest = keys.slice(values.length);
      const args = [lua.entryPrefix(team), String(now), String(replyBytes), ...rest];
      values.push(...((await run(scripts.get, lua.keysOf(team, rest), args)) as string[]));
    }
    return values;
  }

  async function getMany(team: string, keys: readonly CacheKey[], now: number): Promise<ReadonlyMap<CacheKey, Entry>> {
    const asked = [...new Set(keys)];
    const slices = Array.from({ length: Math.ceil(asked.length / slice.get) }, (_, at) =>
      asked.slice(at * slice.get, (at + 1) * slice.get),
    );
    const values = (await Promise.all(slices.map((some) => getSlice(team, some, now)))).flat();
    const found = asked.map((key, at) => [key, values[at] ?? ""] as const).filter(([, value]) => value !== "");
    return new Map(found.map(([key, value]) => [key, readValue(value)]));
  }

  async function putMany(team: string, entries: readonly Kept[], now: number): Promise<void> {
    for (const some of portions(entries, now)) {
      const args = [lua.entryPrefix(team), String(now), String(mostTeamBytes), ...some.flatMap(({ args }) => args)];
      const keys = some.map(({ key }) => key);
      await run(scripts.put, lua.keysOf(team, keys), args);
    }
  }

  return {
    get: async (team, key, now) => (await getMany(team, [key], now)).get(key),
    getMany,
    put: (team, key, entry, now) => putMany(team, [{ key, entry }], now),
    putMany,
    async forget(team, what) {
      const { first, also } = rangeOf(what);
      let forgotten = 0;
      for (let from: string | undefined = first === "" ? "-" : `[${first}:`; from !== undefined; ) {
        // `~` is behind whatever a key begins with.
        const args = [lua.entryPrefix(team), from, first === "" ? "+" : `[${first}:~`, also, String(slice.forget)];
        const [count, last] = (await run(scripts.forget, lua.keysOf(team), args)) as [number, string];
        forgotten += count;
        from = last === "" ? undefined : `(${last}`;
      }
      return forgotten;
    },
  };
}

interface Put {
  readonly key: CacheKey;
  readonly args: readonly string[];
  readonly size: number;
}

/** As many at once as a request may hold. */
function portions(entries: readonly Kept[], now: number): readonly (readonly Put[])[] {
  const all: Put[][] = [];
  let room = 0;
  for (const { key, entry } of entries) {
    const put = putOf(key, entry);
    if (put.size > requestBytes || entry.about.expiresAt <= now) continue;
    const last = all.at(-1);
    room -= put.size;
    if (last === undefined || room < 0 || last.length === slice.put) {
      all.push([put]);
      room = requestBytes - put.size;
    } else last.push(put);
  }
  return all;
}

function putOf(key: CacheKey, { body, about }: Entry): Put {
  const value = `${JSON.stringify(about)}\n${Buffer.from(body).toString("base64")}`;
  const { provider, model, tags, expiresAt } = about;
  const labels = [labelOf("model", `${provider}/${model}`), ...new Set(tags.map((tag) => labelOf("tag", tag)))];
  const args = [key, value, String(expiresAt), labels.map((label) => ` ${label}`).join("")];
  return { key, args, size: Buffer.byteLength(args.join("")) };
}

/** Which labels to look through, and which other one an entry must have; empty where all or none will do. */
function rangeOf({ model, tag }: Forget): { readonly first: string; readonly also: string } {
  const labels = [
    ...(tag === undefined ? [] : [labelOf("tag", tag)]),
    ...(model === undefined ? [] : [labelOf("model", model)]),
  ];
  const [first = "", also = ""] = labels;
  return { first, also };
}

/** Of one width and of plain letters, whatever the name: no label can pass for another. */
function labelOf(kind: "model" | "tag", name: string): string {
  return createHash("sha256").update(`${kind}:${name}`).digest("hex").slice(0, 32);
}

function readValue(value: string): Entry {
  const end = value.indexOf("\n");
  const about = JSON.parse(value.slice(0, end)) as About;
  return { body: new Uint8Array(Buffer.from(value.slice(end + 1), "base64")), about };
}
