/** An answer that never got to its caller: bodies that break, and what was paid for one that nobody can read. */
import { obj } from "./canon/json.ts";
import { noUsage } from "./canon/usage.ts";
import { Fault } from "./fault.ts";
import type { Answer, Outcome } from "./pipes.ts";
import type { Target } from "./policy/route.ts";
import { protocols } from "./protocols/index.ts";

/** The whole body. One whose connection is lost is the Fault `upstream`, and another target's chance. */
export async function bytesOf(answer: Response): Promise<Uint8Array> {
  try {
    return new Uint8Array(await answer.arrayBuffer());
  } catch (cause) {
    throw new Fault("upstream", "The provider's answer broke off.", { cause });
  }
}

/** What such a body comes to: its own numbers, or an estimate where it broke off. Pages and errors were not generated. */
export function unreadOutcome(bytes: Uint8Array, { protocol }: Target): Outcome {
  const text = new TextDecoder().decode(bytes);
  try {
    const usage = protocols[protocol].usage(obj(JSON.parse(text)), noUsage);
    return { usage, ended: usage.output === undefined ? "failed" : "whole" };
  } catch {
    // What has begun was generated, and how much of it nobody can tell.
    return { usage: noUsage, ended: /^\s*(\{|event:|data:)/.test(text) ? "cut" : "failed" };
  }
}

/** How a stream ended: what broke off before it had begun was not generated. */
export function streamOutcome(outcome: Outcome, { committed }: Pick<Answer, "committed">): Outcome {
  return outcome.ended === "cut" && !committed ? { ...outcome, ended: "failed" } : outcome;
}
