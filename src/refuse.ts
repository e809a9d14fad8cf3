/** A Fault as an answer in the caller's protocol, with the headers that SDKs and agents act on; and the way back. */
import { Fault, type FaultKind } from "./fault.ts";
import { callIds } from "./http/headers.ts";
import type { Protocol } from "./protocols/protocol.ts";

/** What the caller may do better than to come back at once. Codex gives up on a 429 without whole seconds. */
const defaultRetryMs: Partial<Record<FaultKind, number>> = { rate_limit: 2000, busy: 1000, overloaded: 2000 };

/** Asking again changes nothing for these, and the SDKs would ask again by their status. */
const final = new Set<FaultKind>(["quota", "config", "internal"]);

/** The answer that tells a caller of this protocol. */
export function refuse(protocol: Protocol, fault: Fault, requestId: string): Response {
  const body = fault.relayed?.body ?? JSON.stringify(protocol.fault.encode(fault, requestId));
  return new Response(body, {
    status: fault.relayed?.status ?? protocol.fault.statuses?.[fault.kind] ?? fault.status,
    headers: {
      "content-type": "application/json",
      ...callIds(requestId),
      ...fault.headers,
      ...retryHeaders(fault),
    },
  });
}

function retryHeaders({ kind, retryAfterMs = defaultRetryMs[kind] }: Fault): Record<string, string> {
  if (final.has(kind)) return { "x-should-retry": "false" };
  if (retryAfterMs === undefined) return {};
  return { "retry-after": String(Math.ceil(retryAfterMs / 1000)), "retry-after-ms": String(Math.ceil(retryAfterMs)) };
}

/**
 * The fault in a provider's failed answer. `passOn`: the provider speaks the caller's protocol, so that what it says is
 * passed on as it is; except about our own credential, which is no business of the caller's.
 */
export async function refusal(protocol: Protocol, answer: Response, passOn: boolean, now: number): Promise<Fault> {
  const body = await answer.text();
  const fault = protocol.fault.decode(answer.status, body);
  const retryAfterMs = retryAfter(answer.headers, now) ?? fault.retryAfterMs;
  const isOwn = passOn && fault.kind !== "credential" && /^\s*\{/.test(body);
  return new Fault(fault.kind, fault.message, {
    cause: fault.cause,
    ...(fault.param !== undefined && { param: fault.param }),
    ...(fault.code !== undefined && { code: fault.code }),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    ...(isOwn && { relayed: { status: answer.status, body } }),
  });
}

/** Milliseconds until a provider wants to be asked again: `retry-after-ms`, or `retry-after` in seconds or as a date. */
function retryAfter(headers: Headers, now: number): number | undefined {
  const milliseconds = Number.parseFloat(headers.get("retry-after-ms") ?? "");
  if (milliseconds >= 0) return milliseconds;
  const header = headers.get("retry-after");
  if (header === null) return undefined;
  const seconds = Number(header);
  const wait = Number.isNaN(seconds) ? Date.parse(header) - now : seconds * 1000;
  return wait >= 0 ? wait : undefined;
}
