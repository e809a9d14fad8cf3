/**
 * Which proofs of reasoning a target may be sent. Its own account's and model's only: nobody else can read them, and it
 * refuses what it did not make. Pure.
 */
import type { Block, CanonRequest, Lose, ProtocolId, Reasoning } from "../canon/request.ts";

export interface Judge {
  /** Of the target. */
  readonly protocol: ProtocolId;
  /** The target's account and model, as sealed tokens name them. */
  readonly origin: string;
}

/** The request without the reasoning that the target cannot read; reported once. */
export function withOwnProofs(request: CanonRequest, judge: Judge, lose: Lose): CanonRequest {
  const { turns } = request;
  const gap = judge.protocol === "messages" ? lastGap(request, judge) : nowhere;
  let isLost = false;
  const kept = turns.map((turn, at) => {
    const blocks = turn.blocks.filter((block, place) => {
      if (!isProof(block)) return true;
      const isOwn = isMadeBy(block, judge);
      isLost ||= !isOwn;
      return isOwn && isBehind({ turn: at, place }, gap);
    });
    return { ...turn, blocks };
  });
  if (isLost) lose("reasoning.native");
  return { ...request, turns: kept.filter(({ blocks }, at) => blocks.length > 0 || turns[at]?.blocks.length === 0) };
}

interface Proof extends Reasoning {
  readonly native: NonNullable<Reasoning["native"]>;
}

function isProof(block: Block): block is Proof {
  return block.type === "reasoning" && block.native !== undefined;
}

function isMadeBy({ native }: Proof, { protocol, origin }: Judge): boolean {
  return native.protocol === protocol && (native.origin ?? origin) === origin;
}

/** Where a block stands. */
interface Spot {
  readonly turn: number;
  readonly place: number;
}

const nowhere: Spot = { turn: -1, place: -1 };

function isBehind(spot: Spot, other: Spot): boolean {
  return spot.turn > other.turn || (spot.turn === other.turn && spot.place > other.place);
}

/**
 * Anthropic takes a history without all or without its oldest thinking, but no gaps (wire.md B.3.8): what stands before
 * the last block that is missing has to go. A Chat caller brings back no thinking of an answer that called nothing, and
 * that is no gap: what the model thinks afterwards is bound to the history as it was sent, which never held it. So what
 * was sent once is sent for as long as the caller brings it back, and the provider's prompt cache keeps its prefix.
 */
function lastGap({ turns }: CanonRequest, judge: Judge): Spot {
  const turn = turns.findLastIndex(({ blocks }) => blocks.some((block) => isMissing(block, judge)));
  const place = turns[turn]?.blocks.findLastIndex((block) => isMissing(block, judge));
  return place === undefined ? nowhere : { turn, place };
}

function isMissing(block: Block, judge: Judge): boolean {
  return isProof(block) && !isMadeBy(block, judge);
}
