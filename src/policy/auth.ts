/** Who is calling: the key from wherever the caller's SDK puts it, checked before any object is addressed. */
import { Fault } from "../fault.ts";
import type { Grant, Store } from "../stores/store.ts";
import { StoreDown } from "../stores/store-down.ts";
import type { KeyRecord, TeamRecord } from "../teams/records.ts";
import { type CheckedKey, checkKey, hashOf } from "./key.ts";

/** A key seen in the last `rememberMs` is not asked for again: so long may a revoked one still work. */
const rememberMs = 10_000;
const rememberMost = 10_000;

interface Remembered {
  readonly grant: Grant | undefined;
  readonly until: number;
}

export interface Authenticator {
  /** Throws the Fault `bad_key`, or `busy` where the store that knows the key cannot be reached. */
  authenticate(request: Request, store: Pick<Store, "find" | "adopt">, now: number): Promise<Grant>;
}

/**
 * @param roots the root secrets that may have made a key's check: the current one, then the previous one
 * @param firstKey SHA-256 of the start-up's own key, which nobody made through the admin API
 */
export function authenticator(roots: readonly string[], firstKey?: string): Authenticator {
  const memory = new Map<string, Remembered>();

  function remember(hash: string, entry: Remembered): void {
    if (memory.size >= rememberMost) memory.delete(memory.keys().next().value ?? "");
    memory.delete(hash);
    memory.set(hash, entry);
  }

  async function find(checked: CheckedKey, given: string, store: Pick<Store, "find" | "adopt">, now: number) {
    const { team, hash } = checked;
    const found = await store.find(team, hash);
    if (found !== undefined || hash !== firstKey) return found;
    await store.adopt(firstTeam(team, now), firstKeyOf(given, hash, now));
    return store.find(team, hash);
  }

  return {
    async authenticate(request, store, now) {
      const given = keyOf(request);
      if (given === undefined)
        throw new Fault("bad_key", "No key was given. Send yours as 'Authorization: Bearer gbx_…'.");
      const hash = hashOf(given);
      const known = memory.get(hash);
      if (known !== undefined && now < known.until) return accepted(known.grant, now);
      const checked = checkKey(roots, given);
      if (checked === undefined) throw refused();
      try {
        const grant = await find(checked, given, store, now);
        remember(hash, { grant, until: now + rememberMs });
        return accepted(grant, now);
      } catch (thrown) {
        if (!(thrown instanceof StoreDown)) throw thrown;
        // A team that wants to be served without its limits is so as long as somebody remembers that it does.
        if (known?.grant?.team.settings.store_down === "open") return accepted(known.grant, now);
        throw storeUnavailable(thrown);
      }
    },
  };
}

/** The Fault for a call that cannot be counted. */
export function storeUnavailable(cause: unknown): Fault {
  const message = "The gateway cannot reach its store, and serves no call that it cannot count.";
  return new Fault("busy", message, { code: "store_unavailable", retryAfterMs: 2000, cause });
}

function accepted(grant: Grant | undefined, now: number): Grant {
  if (grant === undefined) throw refused();
  const { expires_at: expiry = Number.POSITIVE_INFINITY, revoked_at: revoked } = grant.key;
  if (now >= expiry || revoked !== undefined) throw refused();
  return grant;
}

function firstTeam(id: string, now: number): TeamRecord {
  return { id, name: "first", created_at: now, settings: {} };
}

function firstKeyOf(given: string, hash: string, now: number): KeyRecord {
  return {
    id: `key_${hash.slice(0, 16)}`,
    hash,
    prefix: prefixOf(given),
    name: "first",
    created_at: now,
    settings: {},
  };
}

/** As much of a key as people need to tell it from another, and nobody to guess it: the team and 4 characters. */
export function prefixOf(key: string): string {
  return key.slice(0, "gbx__".length + 12 + 4);
}

/** OpenAI's, Anthropic's and Google's ways, on every path, since agents mix them. */
function keyOf(request: Request): string | undefined {
  const { headers } = request;
  const bearer = /^Bearer\s+(\S+)\s*$/i.exec(headers.get("authorization") ?? "")?.[1];
  return bearer ?? headers.get("x-api-key") ?? headers.get("x-goog-api-key") ?? queryKey(request.url);
}

function queryKey(url: string): string | undefined {
  return new URL(url).searchParams.get("key") ?? undefined;
}

function refused(): Fault {
  return new Fault("bad_key", "The key is not valid here.", { code: "invalid_api_key" });
}
