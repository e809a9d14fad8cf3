/**
 * The lane of a call that has to do with compaction. A provider that compacts conversations itself is relayed to; any
 * other is asked for a summary in plain words, and its answer told as the item that was wished for. What differs is the
 * request and the words of the answer only: admission, attempts, time-outs, heartbeats and the account are any call's.
 */
import { isObj, type Obj } from "../canon/json.ts";
import { loser } from "../canon/loss.ts";
import type { Loss } from "../canon/request.ts";
import { type Lane, type LaneContext, laneFor } from "../lanes.ts";
import type { Target } from "../policy/route.ts";
import { asking } from "./asking.ts";
import { asObject, asSummary, behind, type Reshaping } from "./reshaping.ts";
import { sealSummary } from "./summary.ts";
import { reshaped, reshapedFrames } from "./telling.ts";

/** What a call has to do with compaction. */
export interface Compaction {
  /** What it wants in place of an answer: a response that holds nothing but the item, or the object of its own endpoint. */
  readonly wants?: "response" | "object";
  /** The user's own messages, as the object lists them before the item. */
  readonly said: readonly Obj[];
  /** The item of a summary that was made on the way to the answer. */
  readonly made?: Obj;
  /** Where items of ours stood that do not open. */
  readonly lost: readonly string[];
}

/** Does the target's provider compact conversations itself? */
export function compacts({ provider, protocol }: Target): boolean {
  return provider.compacts === true && protocol === "responses";
}

/** Throws the Fault of a request that cannot be said at the target. */
export function compactingLane(context: LaneContext, compaction: Compaction | undefined): Lane {
  if (compaction === undefined) return laneFor(context);
  const { wants, lost, made } = compaction;
  // Its endpoint knows no bound of the answer: where not all of it is paid for, a summary is asked for, which has one.
  const isOwn = compacts(context.target) && !(wants === "object" && context.outputCap !== undefined);
  const asked = isOwn ? { call: context.call, lost: [] } : asking(context.call, wants !== undefined);
  const losses: Loss[] = [];
  for (const place of [...lost, ...asked.lost]) loser(context.strict, losses)(place);
  const lane = laneFor({ ...context, call: asked.call });
  const told = { ...lane, losses: [...losses, ...lane.losses] };
  if (isOwn && wants === "object") return { ...told, path: "responses/compact" };
  if (wants === undefined) return made === undefined ? told : telling(told, () => behind(made));
  if (isOwn) return told;
  const shape = (): Reshaping => asSummary((summary) => itemOf(summary, context));
  return wants === "response" ? telling(told, shape) : telling(told, () => asObject(shape(), compaction.said));
}

function itemOf(summary: string, { call, sealer, origin }: LaneContext): Obj {
  return { id: `cmp_${call.id}`, type: "compaction", encrypted_content: sealSummary(summary, sealer, origin) };
}

function telling(lane: Lane, reshaping: () => Reshaping): Lane {
  return {
    ...lane,
    stream: (tell) => reshaped(lane.stream(tell), reshaping()),
    whole(bytes, isStream) {
      const told = lane.whole(bytes, isStream);
      return { ...told, body: encode(reshaping().whole(read(told.body))) };
    },
    asStream(bytes) {
      const told = lane.asStream(bytes);
      return { ...told, body: reshapedFrames(told.body, reshaping()) };
    },
  };
}

function encode(response: Obj): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(response));
}

function read(body: Uint8Array): Obj {
  const response: unknown = JSON.parse(new TextDecoder().decode(body));
  return isObj(response) ? response : {};
}
