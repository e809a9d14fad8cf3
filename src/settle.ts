/** The end of a call: its bytes are given back, and it is entered into its team's account, once. */
import type { Bill, End } from "./bill.ts";
import type { Part } from "./cache/part.ts";
import type { Cached } from "./cache/serve.ts";
import type { Loss } from "./canon/request.ts";
import type { Deps } from "./deps.ts";
import type { Decision } from "./effort/policy.ts";
import type { Ticket } from "./http/flight.ts";
import type { Lease } from "./lease.ts";
import type { Outcome } from "./pipes.ts";
import type { Target } from "./policy/route.ts";
import type { Try } from "./tries.ts";

interface Settled {
  readonly lease: Lease;
  readonly ticket: Ticket;
  readonly deps: Pick<Deps, "waitUntil">;
  /** What the call has to do with the cache. */
  readonly cached?: Cached | undefined;
  readonly tried: Pick<Try, "number" | "before" | "wins">;
  readonly decision?: Decision;
  /** Nano-dollars that it did not cost, as another caller pays for the answer. */
  readonly saved?: number;
}

interface More {
  /** Bytes of text in an answer that came as a stream. */
  readonly said?: number;
  /** What of the request and of the answer did not cross. */
  readonly losses?: readonly Loss[];
  /** Of a batch whose parts are kept each by itself: how much of it was. */
  readonly part?: Part | undefined;
}

export function settle(
  outcome: Outcome,
  target: Target,
  { lease, ticket, deps, cached, tried, decision, saved: shared }: Settled,
  more: More = {},
): Bill {
  const isLost = !tried.wins();
  // The call goes on where only one of its two requests has ended.
  if (!isLost) ticket.release();
  const { said = 0, losses = [], part } = more;
  const detail = {
    ...(losses.length > 0 && { lost: losses.slice(0, mostLosses).map(({ field, change }) => `${field}=${change}`) }),
    ...(outcome.fault !== undefined && { fault: outcome.fault.kind }),
    ...(cached !== undefined && { cache: cached.state }),
    ...(part !== undefined && { cache: part.state }),
    ...(decision !== undefined && chosen(decision)),
    ...(tried.before.length > 0 && { attempts: tried.before }),
    ...(isLost && { hedge: "lost" }),
  };
  const saved = cached?.entry === undefined ? shared : (cached.entry.about.cost ?? 0);
  const effort = decision?.isAdvice === false ? { effort: decision.level } : {};
  const paid = { ...(saved !== undefined && { saved }), ...savedBy(part) };
  const end = { outcome, target, status: 200, said, detail, ...effort, ...paid };
  const bill = lease.settle(end);
  if (cached !== undefined && saved === undefined && bill.state === "settled") {
    deps.waitUntil(cached.keep(bill).catch((cause) => console.error("cache", cause)));
  }
  return bill;
}

function savedBy(part: Part | undefined): Pick<End, "saved" | "savedPart"> {
  if (part?.state === "hit") return { saved: part.saved ?? 0 };
  return part?.saved === undefined ? {} : { savedPart: part.saved };
}

function chosen({ level, reasons, saves }: Decision): End["detail"] {
  return { effort_chosen: level, effort_because: reasons, ...(saves !== undefined && { effort_saves_tokens: saves }) };
}

/** A log is no place for a body: of a request that nobody could translate the first few say enough. */
const mostLosses = 50;
