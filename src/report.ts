/** What every answer says of itself in its headers: the call's id, who answered, what it cost, and what did not cross. */
import type { Bill } from "./bill.ts";
import type { Part } from "./cache/part.ts";
import type { Cached } from "./cache/serve.ts";
import type { Loss, ProtocolId } from "./canon/request.ts";
import { total } from "./canon/usage.ts";
import { type Decision, say } from "./effort/policy.ts";
import { callIds, downward } from "./http/headers.ts";
import type { Lease } from "./lease.ts";
import { limitHeaders } from "./policy/limit-headers.ts";
import type { Target } from "./policy/route.ts";
import { type Try, triesHeaders } from "./tries.ts";

interface Reported {
  readonly id: string;
  /** The caller's. */
  readonly protocol: ProtocolId;
  readonly lease: Lease;
  readonly cached?: Cached | undefined;
  readonly tried: Try;
  readonly decision?: Decision;
}

interface Told {
  readonly losses?: readonly Loss[];
  /** Where the end is known before the body is sent. */
  readonly bill?: Bill;
  /** Of a batch whose parts are kept each by itself: how much of it was. */
  readonly part?: Part | undefined;
}

/** @param answer the provider's; `undefined` while its headers are not here */
export function report(
  { id, protocol, lease, cached, tried, decision }: Reported,
  target: Target,
  answer: Response | undefined,
  { losses = [], bill, part }: Told = {},
): Record<string, string> {
  return {
    ...(answer === undefined ? {} : downward(answer.headers)),
    ...callIds(id),
    "x-gearbox-provider": target.provider.id,
    "x-gearbox-model": target.model,
    ...limitHeaders(protocol, lease.charges, lease.levels, lease.at),
    ...triesHeaders(tried.number, tried.route, tried.reason),
    ...(decision !== undefined && { "x-gearbox-effort": say(decision) }),
    ...(cached !== undefined && { "x-gearbox-cache": cached.state }),
    ...(cached?.age !== undefined && { age: String(cached.age) }),
    ...(part !== undefined && { "x-gearbox-cache": part.state }),
    ...(part?.age !== undefined && { age: String(part.age) }),
    ...(losses.length > 0 && { "x-gearbox-lost": lossHeader(losses) }),
    ...(bill !== undefined && billHeaders(bill)),
  };
}

function billHeaders({ usage, cost }: Bill): Record<string, string> {
  const tokens = total(usage);
  return {
    ...(tokens !== undefined && { "x-gearbox-tokens": String(tokens) }),
    ...(cost !== undefined && { "x-gearbox-cost": usd(cost) }),
  };
}

/** Nano-dollars as dollars, exactly: `0.00123`. */
function usd(nano: number): string {
  const digits = String(nano).padStart(10, "0");
  return `${digits.slice(0, -9)}.${digits.slice(-9)}`.replace(/\.?0+$/, "");
}

const lossHeaderBytes = 1024;

function lossHeader(losses: readonly Loss[]): string {
  const told = losses
    .map(({ field, change }) => `${field}=${change}`)
    .join(", ")
    .replace(/[^\x20-\x7e]/g, "?");
  return told.length <= lossHeaderBytes ? told : `${told.slice(0, lossHeaderBytes - 3)}...`;
}
