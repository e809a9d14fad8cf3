/** How a script is run on Redis through Upstash's REST interface. */
import { createHash } from "node:crypto";
import { Redis } from "@upstash/redis/cloudflare";
import { again, keysOf } from "./lua/keys.ts";
import { StoreDown } from "./store-down.ts";

export interface Access {
  /** `UPSTASH_REDIS_REST_URL` and `UPSTASH_REDIS_REST_TOKEN`. */
  readonly url: string;
  readonly token: string;
  /** A Worker's own `fetch` reaches public addresses only; another is needed where Redis stands on a private one. */
  readonly fetch?: (url: string, init: RequestInit) => Promise<Response>;
}

/** A script and the name by which Redis knows it once it has run. */
export interface Script {
  readonly text: string;
  readonly sha: string;
}

export function script(text: string): Script {
  return { text, sha: createHash("sha1").update(text).digest("hex") };
}

export interface Asking {
  readonly redis: Redis;
  /**
   * The script's answer for this team; rejects with StoreDown.
   *
   * @param isRepeatable whether it may run twice, as it does where the answer to the first was lost
   */
  ask(team: string, script: Script, args: string[], isRepeatable?: boolean): Promise<unknown>;
  /** The answer of a script about this one key, which is no team's; it may run twice. Rejects with StoreDown. */
  askOf(key: string, script: Script, args: string[]): Promise<unknown>;
}

export function asking(access: Access): Asking {
  const redis = upstashClient(access, 2);
  const onceOnly = upstashClient(access, 1);
  return {
    redis,
    ask: (team, script, args, isRepeatable = true) =>
      reached(async () => {
        for (;;) {
          const reply = await run(isRepeatable ? redis : onceOnly, script, keysOf(team), args);
          if (reply !== again) return reply;
        }
      }),
    askOf: (key, script, args) => reached(() => run(redis, script, [key], args)),
  };
}

/** Runs scripts that may run twice, on keys of one's own (those of the cache); rejects with StoreDown. */
export function running(access: Access): (script: Script, keys: string[], args: string[]) => Promise<unknown> {
  const redis = upstashClient(access, 2);
  return (script, keys, args) => reached(() => run(redis, script, keys, args));
}

async function reached(answer: () => Promise<unknown>): Promise<unknown> {
  try {
    return await answer();
  } catch (thrown) {
    throw thrown instanceof StoreDown ? thrown : new StoreDown(thrown);
  }
}

/** Longer than any script takes; a call waits no longer before it is refused. */
const timeoutMs = 2000;

/**
 * Rejects with StoreDown where there is no answer in time, or one that is no success. The library's own way of sending is
 * not used: it knows the global `fetch` only, and puts the whole command (a key's hash among it) into the message of an
 * error. Plain JSON is asked for, not base64: nothing that is kept is binary.
 *
 * @param tries how often a command is sent whose connection breaks; more than once only what may be done twice
 */
function upstashClient({ url, token, fetch: send = (to, init) => fetch(to, init) }: Access, tries: number): Redis {
  const settings = { enableTelemetry: false, enableAutoPipelining: false, automaticDeserialization: false };
  const redis = new Redis({ url, token, ...settings });
  const base = url.replace(/\/$/, "");
  // Sent along, it lets a replica answer only once it has seen what this client wrote before.
  let sync = "";
  redis.use(async ({ body, path = [] }) => {
    const headers = {
      authorization: `Bearer ${token}`,
      "content-type": "application/json",
      "upstash-sync-token": sync,
    };
    const init = { method: "POST", headers, body: JSON.stringify(body), redirect: "manual" } as const;
    try {
      const response = await sent([base, ...path].join("/"), init, send, tries);
      const said = await response.text();
      if (!response.ok && !isUnknownScript(said)) throw new Error(`${response.status}: ${said.slice(0, 300)}`);
      sync = response.headers.get("upstash-sync-token") ?? "";
      return JSON.parse(said);
    } catch (cause) {
      throw new StoreDown(cause);
    }
  });
  return redis;
}

async function sent(
  url: string,
  init: RequestInit,
  send: NonNullable<Access["fetch"]>,
  tries: number,
): Promise<Response> {
  const signal = AbortSignal.timeout(timeoutMs);
  try {
    return await send(url, { ...init, signal });
  } catch (thrown) {
    if (tries <= 1 || signal.aborted) throw thrown;
    return sent(url, init, send, tries - 1);
  }
}

/** Runs it by its name, or as text on a Redis that does not know it, or no longer. */
async function run(redis: Redis, { text, sha }: Script, keys: string[], args: string[]): Promise<unknown> {
  try {
    return await redis.evalsha(sha, keys, args);
  } catch (thrown) {
    if (!(thrown instanceof Error) || !isUnknownScript(thrown.message)) throw thrown;
    return redis.eval(text, keys, args);
  }
}

function isUnknownScript(said: string): boolean {
  return said.includes("NOSCRIPT");
}
