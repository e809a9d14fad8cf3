/** The Responses API of OpenAI, which Codex speaks and nothing else. */
import { saidIn } from "../../canon/said.ts";
import type { Protocol } from "../protocol.ts";
import { decoder } from "./decoder.ts";
import { disown } from "./disown.ts";
import { encoder } from "./encoder.ts";
import * as fault from "./fault.ts";
import * as reply from "./reply.ts";
import * as request from "./request.ts";
import { usage } from "./usage.ts";
import { watch } from "./watch.ts";

export const responses: Protocol = {
  id: "responses",
  newline: "\n",
  names: {
    turns: "input",
    "turns[]": "input[]",
    "turns[].blocks[]": ["input[].content[]", "input[]"],
    "turns[].blocks[].blocks[]": "input[].output[3]",
    "turns[].blocks[].tools[]": "input[].tools[3]",
    "turns[].blocks[].name": "input[].content[].filename",
    "tools[].contextSize": "tools[].search_context_size",
    "tools[].domains": "tools[].filters.allowed_domains",
    "tools[].location": "tools[].user_location",
    "tools[].schema": "tools[].parameters",
    toolChoice: "tool_choice",
    parallel: "parallel_tool_calls",
    "reasoning.native": "input.encrypted_content",
    format: "text.format",
    verbosity: "text.verbosity",
    maxOutput: "max_output_tokens",
    topP: "top_p",
    tier: "service_tier",
    cacheKey: "prompt_cache_key",
    user: ["safety_identifier", "user"],
  },
  request: { decode: request.decode, encode: request.encode, disown },
  reply: { decode: reply.decode, encode: reply.encode },
  stream: { decode: decoder, encode: encoder, watch, said: saidIn("delta") },
  fault: { decode: fault.decode, encode: fault.encode },
  usage,
};
