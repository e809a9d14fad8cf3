/** The policy as effort-bench calls it: `node bench.mjs test/bench/effort-policy.mjs DATA.jsonl.gz`. */
import { decide as choose } from "../../src/effort/policy.ts";

/** `request`: model, instructions and input of the Responses API. `switching`: free, or costly where a change is. */
export function decide(request, { switching }) {
  const neutral = switching === "free" ? "neutral" : "costly";
  const { level, score } = choose({ protocol: "responses", body: request, asked: "auto", switching: neutral }, policy);
  return { effort: level, score };
}

const policy = { mode: "off" };
