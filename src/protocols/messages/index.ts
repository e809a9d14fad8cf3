/** Anthropic's Messages protocol. */

import type { Names } from "../../canon/place.ts";
import { saidIn } from "../../canon/said.ts";
import type { Protocol } from "../protocol.ts";
import { disown } from "./disown.ts";
import { decodeFault, encodeFault } from "./fault.ts";
import { decodeReply, encodeReply } from "./reply.ts";
import { decodeRequest } from "./request-decode.ts";
import { encodeRequest } from "./request-encode.ts";
import { decodeStream } from "./stream-decode.ts";
import { encodeStream } from "./stream-encode.ts";
import { decodeUsage } from "./usage.ts";
import { watchStream } from "./watch.ts";

const names = {
  instructions: "system",
  turns: "messages",
  "turns[]": "messages[]",
  "turns[].blocks[]": "messages[].content[]",
  "turns[].blocks[].blocks[]": "messages[].content[].content[]",
  "turns[].blocks[].annotations": "messages[].content[].citations",
  "turns[].blocks[].isError": "messages[].content[].is_error",
  "turns[].blocks[].name": "messages[].content[].title",
  "tools[].domains": "tools[].allowed_domains",
  "tools[].location": "tools[].user_location",
  "tools[].schema": "tools[].input_schema",
  toolChoice: "tool_choice",
  parallel: "tool_choice.disable_parallel_tool_use",
  "reasoning.effort": "output_config.effort",
  "reasoning.native": "messages.content.signature",
  "reasoning.summary": "thinking.display",
  "reasoning.mode": "thinking.type",
  "reasoning.budget": "thinking.budget_tokens",
  format: ["output_config.format", "output_format"],
  maxOutput: "max_tokens",
  stop: "stop_sequences",
  topP: "top_p",
  topK: "top_k",
  tier: "service_tier",
  user: "metadata.user_id",
} as const satisfies Names;

export const messages: Protocol = {
  id: "messages",
  newline: "\n",
  names,
  request: { decode: decodeRequest, encode: encodeRequest, disown },
  reply: { decode: decodeReply, encode: encodeReply },
  stream: {
    decode: decodeStream,
    encode: encodeStream,
    watch: watchStream,
    said: saidIn("text", "thinking", "partial_json"),
  },
  fault: { decode: decodeFault, encode: encodeFault, statuses: { quota: 402, overloaded: 529 } },
  usage: decodeUsage,
};
