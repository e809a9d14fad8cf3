/** Chat Completions, OpenAI's and that of its many compatibles. */
import { saidIn } from "../../canon/said.ts";
import type { Protocol } from "../protocol.ts";
import { encode as encodeStream } from "./chunks.ts";
import { disown } from "./disown.ts";
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
    "turns[]": "messages[]",
    "turns[].blocks[]": "messages[].content[]",
    "turns[].blocks[].blocks[]": "messages[].content[3]",
    "turns[].blocks[].detail": "messages[].content[].image_url.detail",
    "turns[].blocks[].name": "messages[].content[].file.filename",
    "tools[]": ["tools[]", "tools[].function", "functions[]", "web_search_options"],
    "tools[].web_search": "web_search_options",
    "tools[].contextSize": "web_search_options.search_context_size",
    "tools[].location": "web_search_options.user_location",
    "tools[].schema": ["tools[].function.parameters", "functions[].parameters"],
    toolChoice: ["tool_choice", "function_call"],
    parallel: "parallel_tool_calls",
    "reasoning.effort": "reasoning_effort",
    "reasoning.native": "messages.tool_calls.id",
    format: "response_format",
    "format.description": "response_format.json_schema.description",
    "format.schema": "response_format.json_schema.schema",
    "format.strict": "response_format.json_schema.strict",
    maxOutput: ["max_completion_tokens", "max_tokens"],
    topP: "top_p",
    presencePenalty: "presence_penalty",
    frequencyPenalty: "frequency_penalty",
    tier: "service_tier",
    cacheKey: "prompt_cache_key",
    user: ["user", "safety_identifier"],
    streamUsage: "stream_options.include_usage",
  },
  request: { decode: decodeRequest, encode: encodeRequest, disown },
  reply: { decode: decodeReply, encode: encodeReply },
  stream: {
    decode: decodeStream,
    encode: encodeStream,
    watch,
    said: saidIn("content", "reasoning_content", "reasoning", "refusal", "arguments"),
  },
  fault: { decode: decodeFault, encode: encodeFault },
  usage: readUsage,
};
