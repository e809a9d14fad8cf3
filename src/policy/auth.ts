/** Who is calling: the key from wherever the caller's SDK puts it, checked before any object is addressed. */
import { Fault } from "../fault.ts";
import type { Key, Store } from "../stores/store.ts";
import { checkKey, hashOf } from "./key.ts";

/** A key seen in the last `rememberMs` is not asked for again: so long may a revoked one still work. */
const rememberMs = 10_000;
const rememberMost = 10_000;

interface Remembered {
  readonly key: Key | undefined;
  readonly until: number;
}

export interface Authenticator {
  /** Throws the Fault `bad_key`. */
  authenticate(request: Request, store: Store, now: number): Promise<Key>;
}

/** @param roots the root secrets that may have made a key's check: the current one, then the previous one */
export function authenticator(roots: readonly string[]): Authenticator {
  const memory = new Map<string, Remembered>();

  function remember(hash: string, entry: Remembered): void {
    if (memory.size >= rememberMost) memory.delete(memory.keys().next().value ?? "");
    memory.delete(hash);
    memory.set(hash, entry);
  }

  return {
    async authenticate(request, store, now) {
      const given = keyOf(request);
      if (given === undefined)
        throw new Fault("bad_key", "No key was given. Send yours as 'Authorization: Bearer gbx_…'.");
      const hash = hashOf(given);
      const known = memory.get(hash);
      if (known !== undefined && now < known.until) return accepted(known.key);
      const checked = checkKey(roots, given);
      if (checked === undefined) throw refused();
      const key = await store.find(checked.team, hash);
      remember(hash, { key, until: now + rememberMs });
      return accepted(key);
    },
  };
}

function accepted(key: Key | undefined): Key {
  if (key === undefined) throw refused();
  return key;
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
