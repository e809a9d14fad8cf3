/** Anthropic's Messages protocol. */
import type { Protocol } from "../protocol.ts";
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
  blocks: "content",
  toolChoice: "tool_choice",
  parallel: "tool_choice.disable_parallel_tool_use",
  "reasoning.effort": "output_config.effort",
  "reasoning.summary": "thinking.display",
  "reasoning.mode": "thinking.type",
  "reasoning.budget": "thinking.budget_tokens",
  format: "output_config.format",
  maxOutput: "max_tokens",
  stop: "stop_sequences",
  topP: "top_p",
  topK: "top_k",
  tier: "service_tier",
  user: "metadata.user_id",
} as const satisfies Record<string, string>;

export const messages: Protocol = {
  id: "messages",
  newline: "\n",
  names,
  request: { decode: decodeRequest, encode: encodeRequest },
  reply: { decode: decodeReply, encode: encodeReply },
  stream: { decode: decodeStream, encode: encodeStream, watch: watchStream },
  fault: { decode: decodeFault, encode: encodeFault, statuses: { quota: 402, overloaded: 529 } },
  usage: decodeUsage,
};
