/** Calls of the Responses API, and a team's sealer, for the tests of compaction. */
import { randomBytes } from "node:crypto";
import { type Call, readCall } from "../../src/call.ts";
import { sealSummary } from "../../src/compaction/summary.ts";
import { type Sealer, teamSealer } from "../../src/policy/seal.ts";

export function callOf(body: object): Call {
  return readCall("c1", "responses", new TextEncoder().encode(JSON.stringify({ model: "m", ...body })));
}

export function sealerOf(team: string, secret = "a-root-secret-of-more-than-32-characters"): Sealer {
  return teamSealer({ secret }, team, (bytes) => new Uint8Array(randomBytes(bytes)));
}

/** The item in which a caller of this team carries a summary. */
export function compactionItem(summary: string, team = "one") {
  return { type: "compaction", id: "cmp_1", encrypted_content: sealSummary(summary, sealerOf(team), "p/m/c") };
}

export function said(role: string, text: string) {
  return { type: "message", role, content: [{ type: role === "assistant" ? "output_text" : "input_text", text }] };
}

export const call = { type: "function_call", call_id: "call_1", name: "look", arguments: "{}" };
export const result = { type: "function_call_output", call_id: "call_1", output: "nothing" };
export const trigger = { type: "compaction_trigger" };
