/**
 * What two calls must have in common to be given the same answer: their team, the account and model that answers, and
 * all of the request as it would go up, but for whether it streams and for what only names who asks. Pure.
 */
import { createHash } from "node:crypto";
import type { ProtocolId } from "../canon/request.ts";

declare const made: unique symbol;

/** 64 hexadecimal digits. Only {@link cacheKey} makes one, so that no key lacks its team. */
export type CacheKey = string & { readonly [made]: true };

export interface Keyed {
  readonly team: string;
  /** Of what is answered; embeddings have keys of their own, whoever makes them. */
  readonly protocol: ProtocolId | "embeddings";
  /** Account and model of the target (policy/origin.ts). */
  readonly origin: string;
  /** The request as it goes up, and its headers by their lower-case names. */
  readonly body: Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Headers that say how a request is to be answered; all others say who asks. */
const telling = ["anthropic-beta", "anthropic-version", "openai-beta"] as const;

/** `undefined` where the body is not JSON. */
export function cacheKey({ team, protocol, origin, body, headers = {} }: Keyed): CacheKey | undefined {
  const request = canonical(body);
  if (request === undefined) return undefined;
  const hash = createHash("sha256");
  for (const part of [team, protocol, origin, request, ...telling.map((name) => headers[name] ?? "")]) {
    // With its length before it, no part can pass for the end of another.
    const bytes = Buffer.from(part);
    hash.update(`${bytes.length}:`).update(bytes);
  }
  return hash.digest("hex") as CacheKey;
}

/** Members at the top of a request that change nothing of its answer. */
const volatile = new Set([
  "stream",
  "stream_options",
  "metadata",
  "user",
  "safety_identifier",
  "prompt_cache_key",
  "prompt_cache_retention",
]);

/** A number as it was written: two large ones that a double cannot tell apart are two requests. */
class Written {
  readonly source: string;

  constructor(source: string) {
    this.source = source;
  }
}

function canonical(body: Uint8Array): string | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(body), keepNumbers);
    return print(value, volatile);
  } catch {
    return undefined;
  }
}

function keepNumbers(_: string, value: unknown, context?: { readonly source?: string }): unknown {
  return typeof value === "number" ? new Written(context?.source ?? String(value)) : value;
}

/** JSON with its members in order of their names. */
function print(value: unknown, without: ReadonlySet<string> = none): string {
  if (value instanceof Written) return value.source;
  if (Array.isArray(value)) return `[${value.map((each) => print(each)).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const members = Object.entries(value).filter(([name]) => !without.has(name));
  const sorted = members.sort(([one], [other]) => (one < other ? -1 : 1));
  return `{${sorted.map(([name, member]) => `${JSON.stringify(name)}:${print(member)}`).join(",")}}`;
}

const none: ReadonlySet<string> = new Set();
