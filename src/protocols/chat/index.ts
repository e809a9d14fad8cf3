/** Chat Completions, OpenAI's and that of its many compatibles. */
import type { Protocol } from "../protocol.ts";
import { encode as encodeStream } from "./chunks.ts";
import { decode as decodeFault, encode as encodeFault } from "./fault.ts";
import { decode as decodeReply, encode as encodeReply } from "./reply.ts";
import { decode as decodeRequest, encode as encodeRequest } from "./request.ts";
import { decode as decodeStream } from "./stream.ts";
import { readUsage } from "./usage.ts";
import { watch } from "./watch.ts";

export const chat: Protocol = {
  id: "chat",
  newline: "\n",
  names: {
    turns: "messages",
    toolChoice: "tool_choice",
    parallel: "parallel_tool_calls",
    "reasoning.effort": "reasoning_effort",
    format: "response_format",
    maxOutput: "max_completion_tokens",
    topP: "top_p",
    presencePenalty: "presence_penalty",
    frequencyPenalty: "frequency_penalty",
    tier: "service_tier",
    cacheKey: "prompt_cache_key",
    streamUsage: "stream_options.include_usage",
  },
  request: { decode: decodeRequest, encode: encodeRequest },
  reply: { decode: decodeReply, encode: encodeReply },
  stream: { decode: decodeStream, encode: encodeStream, watch },
  fault: { decode: decodeFault, encode: encodeFault },
  usage: readUsage,
};
