/**
 * All that can go wrong with a provider, as one table: what the provider does, and what kind of failure that is. What a
 * caller sees, who is asked next and what is charged follow from the kind alone.
 */
import type { FaultKind } from "../../src/fault.ts";
import { type Failure, type FaultCase, fine, half, type Place, refused, streams, wholes } from "./faults-kinds.ts";
import { bodyOf, good, jsonOf, silence, streamOf, types } from "./faults-provider.ts";
import { streamFaults } from "./faults-streams.ts";

/** By status: the kind, which is the same in each protocol. */
const statuses = {
  400: "bad_request",
  401: "credential",
  402: "quota",
  403: "credential",
  404: "no_model",
  408: "timeout",
  409: "upstream",
  413: "too_large",
  422: "bad_request",
  431: "bad_request",
  500: "upstream",
  502: "upstream",
  503: "overloaded",
  504: "timeout",
  529: "overloaded",
} as const satisfies Record<number, FaultKind>;

const byStatus = Object.entries(statuses).map(([digits, kind]): FaultCase => {
  const own = Number(digits);
  return {
    name: `status ${own}`,
    act: (script) => jsonOf(script.refusal(own), own),
    failure: () => ({ kind, when: "refused", own }),
  };
});

/** Both forms of `retry-after`, OpenAI's milliseconds, and none. */
const limits: readonly (readonly [name: string, headers: (now: number) => Record<string, string>, ms?: number])[] = [
  ["without a word of when", () => ({})],
  ["in a second", () => ({ "retry-after": "1" }), 1000],
  ["in half a second", () => ({ "retry-after-ms": "500" }), 500],
  ["in half a minute", () => ({ "retry-after": "30" }), 30_000],
  ["at a date", (now) => ({ "retry-after": new Date(now + 90_000).toUTCString() }), 90_000],
];

/** Every test begins then, at a whole second as dates in headers are. */
export const start = 1_795_000_000_000;

const byLimit = limits.map(
  ([name, headers, retryAfterMs]): FaultCase => ({
    name: `status 429, ${name}`,
    act: (script) => jsonOf(script.refusal(429), 429, headers(start)),
    failure: () => ({
      kind: "rate_limit",
      when: "refused",
      own: 429,
      ...(retryAfterMs !== undefined && { retryAfterMs }),
    }),
  }),
);

const page = "<!doctype html><title>Bad gateway</title><p>A page, not an answer.</p>";
const htmlOf = (status: number): Response => new Response(page, { status, headers: { "content-type": types.html } });

const pages: readonly FaultCase[] = [
  { name: "a page with status 502", act: () => htmlOf(502), failure: refused("upstream") },
  { name: "a page with status 520", act: () => htmlOf(520), failure: refused("upstream") },
  { name: "a page with status 503", act: () => htmlOf(503), failure: refused("overloaded") },
  { name: "a page with status 200", act: () => htmlOf(200), failure: refused("upstream") },
];

function thrown(name: string, message: string): FaultCase {
  const act = (): never => {
    throw new TypeError(message);
  };
  return { name, act, failure: refused("upstream") };
}

const connections: readonly FaultCase[] = [
  thrown("a connection reset before the headers", "Network connection lost."),
  thrown("a connection refused", "connect(): Connection refused"),
  thrown("a name that is not known", "DNS lookup failed."),
  thrown("a certificate that is not trusted", "TLS peer's certificate is not trusted"),
  thrown("headers that are too large", "Invalid response: headers too large"),
  {
    name: "a redirect",
    act: () => new Response(null, { status: 307, headers: { location: "https://elsewhere.test/" } }),
    failure: refused("upstream"),
  },
  { name: "an answer without content", act: () => new Response(null, { status: 204 }), failure: refused("upstream") },
  { name: "silence before the headers", act: ({ signal }) => silence(signal), failure: late },
];

/** The caller of a stream has its status after ten seconds; who waits for a whole answer can be helped. */
function late({ stream }: Place): Failure {
  return { kind: "timeout", when: stream ? "begun" : "refused" };
}

const bodies: readonly FaultCase[] = [
  {
    name: "an error under status 200",
    act: (script) => jsonOf(script.refusal(500)),
    failure: refused("upstream"),
  },
  { name: "an empty body", act: () => jsonOf(""), failure: refused("upstream") },
  { name: "JSON that is no object", act: () => jsonOf("null"), failure: refused("upstream") },
  {
    name: "JSON that breaks off",
    act: ({ whole }) => jsonOf(half(whole)),
    failure: () => ({ kind: "upstream", when: "refused", costs: true }),
  },
  {
    name: "JSON whose connection is lost",
    act: (script) =>
      new Response(bodyOf(script, [half(script.whole)], "reset"), { headers: { "content-type": types.json } }),
    failure: refused("upstream"),
  },
  {
    name: "JSON that stalls",
    act: (script) =>
      new Response(bodyOf(script, [half(script.whole)], "stall"), { headers: { "content-type": types.json } }),
    failure: refused("timeout"),
  },
  { name: "JSON where a stream was asked for", at: streams, act: ({ whole }) => jsonOf(whole), failure: fine },
  {
    name: "a stream where JSON was asked for",
    at: wholes,
    act: (script) => streamOf(script, script.frames),
    failure: fine,
    isUncounted: ({ protocol }) => protocol === "chat",
  },
  {
    name: "the wrong content type",
    act: (script) => new Response(good(script).body, { headers: { "content-type": "text/plain" } }),
    failure: fine,
  },
  { name: "no content type", act: (script) => new Response(good(script).body), failure: fine },
];

export const faultCases = [
  ...byStatus,
  ...byLimit,
  ...pages,
  ...connections,
  ...bodies,
  ...streamFaults(),
] satisfies readonly FaultCase[];
