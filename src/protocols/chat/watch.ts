/** Follows a relayed Chat stream: what a frame means to the gateway, which forwards it as it is. */
import { isObj, type Json, list, type Obj, obj } from "../../canon/json.ts";
import { noUsage, type Usage } from "../../canon/usage.ts";
import type { Sight, Watch } from "../protocol.ts";
import { errorFrame } from "./chunks.ts";
import { faultOf } from "./fault.ts";
import { parse } from "./stream.ts";
import { readUsage } from "./usage.ts";

const nothing: Sight = {};

/**
 * After the first word most frames are one token each: only those are read that could hold more. A quote inside a text is
 * escaped, so that an answer which speaks of usage is not taken for it.
 */
const mayMatter = /"(?:error|usage|x_groq)"\s*:\s*[{"]|"finish_reason"\s*:\s*"|"object"\s*:\s*"error"/;

export function watch(): Watch {
  let usage: Usage = noUsage;
  let hasCommitted = false;

  function read(body: Obj, event?: string): Sight {
    const fault = faultOf(body, event);
    const now = readUsage(body, usage);
    const hasUsage = now !== usage;
    usage = now;
    const choices = list(body.choices).map(obj);
    const ends = choices.some(({ finish_reason: reason }) => typeof reason === "string" && reason !== "");
    const commits = ends || choices.some(({ delta }) => saysSomething(obj(delta)));
    if (fault === undefined && commits) hasCommitted = true;
    return {
      ...(hasUsage && { usage }),
      ...(fault === undefined ? { ...(ends && { ends }), ...(commits && { commits }) } : { fault, ends: true }),
      ...(hasUsage && isUsageOnly(body) && { usageOnly: true }),
    };
  }

  return {
    see({ data, event }) {
      if (data.trim() === "[DONE]") return { ends: true };
      if (hasCommitted && event === undefined && !mayMatter.test(data)) return nothing;
      const body = parse(data);
      return body === undefined ? nothing : read(body, event);
    },
    beat: () => [{ comment: "gearbox" }],
    fail: (fault) => [errorFrame(fault)],
  };
}

/** The chunk that OpenAI sends for `include_usage`: no choices at all. */
function isUsageOnly({ choices, usage }: Obj): boolean {
  return Array.isArray(choices) && choices.length === 0 && isObj(usage);
}

const spoken = [
  "content",
  "reasoning_content",
  "reasoning",
  "reasoning_details",
  "tool_calls",
  "refusal",
  "function_call",
];

function saysSomething(delta: Obj): boolean {
  return spoken.some((member) => isFull(delta[member]));
}

function isFull(value: Json | undefined): boolean {
  if (typeof value === "string" || Array.isArray(value)) return value.length > 0;
  return isObj(value);
}
