// Requests for the tests of the simulated provider: a good one per protocol, and what makes it a bad one.

import { type Obj, obj } from "./json.ts";
import type { ProtocolId } from "./wire.ts";

/** Sends a good request, changed by `changes`: a member that is undefined there is left out. */
export function post(
  url: string,
  protocol: ProtocolId,
  model: string,
  changes: object = {},
  streamed = false,
  signal?: AbortSignal,
  headers: Record<string, string> = {},
): Promise<Response> {
  const { path, auth, body } = good[protocol];
  const method = streamed ? "streamGenerateContent?alt=sse" : "generateContent";
  const whole = protocol === "gemini" ? { ...body, ...changes } : { model, ...body, ...changes };
  return fetch(`${url}${path.replace("MODEL", encodeURIComponent(model)).replace("METHOD", method)}`, {
    method: "POST",
    headers: { "content-type": "application/json", ...auth, ...headers },
    body: JSON.stringify(whole),
    signal: signal ?? null,
  });
}

/** The JSON of the data lines of a stream; throws a SyntaxError if one is not JSON. */
export function frames(body: string): Obj[] {
  const data = (body.match(/^data: .*/gm) ?? []).map((line) => line.slice(6).trim());
  return data.filter((text) => text !== "[DONE]").map((text) => obj(JSON.parse(text)));
}

const good: Record<ProtocolId, { path: string; auth: Record<string, string>; body: Obj }> = {
  responses: { path: "/v1/responses", auth: { authorization: "Bearer k" }, body: { input: "hi" } },
  chat: {
    path: "/v1/chat/completions",
    auth: { authorization: "Bearer k" },
    body: { messages: [{ role: "user", content: "hi" }] },
  },
  messages: {
    path: "/v1/messages",
    auth: { "x-api-key": "k", "anthropic-version": "2023-06-01" },
    body: { max_tokens: 100, messages: [{ role: "user", content: "hi" }] },
  },
  gemini: {
    path: "/v1beta/models/MODEL:METHOD",
    auth: { "x-goog-api-key": "k" },
    body: { contents: [{ role: "user", parts: [{ text: "hi" }] }] },
  },
};

type BadRequest = [ProtocolId, what: string, changes: object, message: string, headers?: Record<string, string>];

const user = { role: "user", content: "hi" };
const called = (id: string): object => ({ type: "function_call", call_id: id, name: "f", arguments: "{}" });
const answered = (id: string): object => ({ type: "function_call_output", call_id: id, output: "ok" });
const assistant = (id: string): object => ({
  role: "assistant",
  tool_calls: [{ id, type: "function", function: { name: "f", arguments: "{}" } }],
});
const tool = (id: string): object => ({ role: "tool", tool_call_id: id, content: "ok" });
const use = (id: string, name = "f"): object => ({
  role: "assistant",
  content: [{ type: "tool_use", id, name, input: {} }],
});
const result = (id: string): object => ({ type: "tool_result", tool_use_id: id, content: "ok" });
const says = (...content: object[]): object => ({ role: "user", content });
const words = { type: "text", text: "hi" };
const asked = { role: "user", parts: [{ text: "hi" }] };
const modelCall = { role: "model", parts: [{ functionCall: { name: "f", args: {} } }] };
const response = { functionResponse: { name: "f", response: { output: "ok" } } };
const update = { type: "configuration_update", reasoning: { effort: "low" } };
const effort = { role: "system", content: [], output_config: { effort: "low" } };
const dropping = { type: "adaptive", block_binding: { prefix_mismatch_behavior: "drop_block" } };
const schema = { type: "object", properties: { a: { type: "string" } } };

const responses: [what: string, changes: object, message: string, headers?: Record<string, string>][] = [
  ["no auth", {}, "authentication", { authorization: "" }],
  ["no model", { model: undefined }, "model"],
  ["no input", { input: undefined }, "'input'"],
  ["chat's stop", { stop: ["x"] }, "Unknown parameter: 'stop'"],
  [
    "an update at a model that takes none",
    { input: [{ role: "user", content: "hi" }, update] },
    "'configuration_update' is not supported with",
  ],
  ["two updates in a row", { model: "gpt-6-sol", input: [update, update] }, "cannot be consecutive"],
  ["an update in pro mode", { model: "gpt-6-sol", reasoning: { mode: "pro" }, input: [update] }, "pro or tournament"],
  ["a result without its call", { input: [answered("c1")] }, "No tool call found"],
  ["a call without its result", { input: [called("c1")] }, "No tool output found"],
  ["a long call id", { input: [called("c".repeat(65)), answered("c".repeat(65))] }, "maximum length 64"],
  ["chat's tool form", { tools: [{ type: "function", function: { name: "f" } }] }, "tools[0].function"],
  ["a tool name", { tools: [{ type: "function", name: "a.b" }] }, "pattern"],
  [
    "a loose strict schema",
    { tools: [{ type: "function", name: "f", strict: true, parameters: schema }] },
    "additionalProperties",
  ],
  ["tool_choice any", { tool_choice: "any" }, "'any'"],
  ["tool_choice of an unknown tool", { tool_choice: { type: "function", name: "g" } }, "not found"],
  [
    "an assistant's input_text",
    { input: [{ role: "assistant", content: [{ type: "input_text", text: "x" }] }] },
    "'input_text'",
  ],
  ["an effort", { reasoning: { effort: "ultra" } }, "'ultra'"],
  [
    "a foreign sealed item",
    { input: [{ type: "reasoning", summary: [], encrypted_content: "gw1.x" }] },
    "could not be verified",
  ],
  ["a nested json_schema", { text: { format: { type: "json_schema", json_schema: {} } } }, "text.format.name"],
];

const chat: typeof responses = [
  ["no auth", {}, "authentication", { authorization: "" }],
  ["no messages", { messages: undefined }, "'messages'"],
  ["Responses' input", { input: "hi" }, "Unknown parameter: 'input'"],
  ["a role", { messages: [{ role: "model", content: "x" }] }, "'model'"],
  ["a result without its call", { messages: [user, tool("c1")] }, "must be a response to"],
  ["a call without its result", { messages: [user, assistant("c1"), user] }, "did not have response messages: c1"],
  ["a long call id", { messages: [user, assistant("c".repeat(65)), tool("c".repeat(65))] }, "maximum length 64"],
  [
    "an image in a tool message",
    { messages: [user, assistant("c"), { ...tool("c"), content: [{ type: "image_url" }] }] },
    "'image_url'",
  ],
  ["Responses' tool form", { tools: [{ type: "function", name: "f" }] }, "tools[0].function"],
  ["tool_choice any", { tools: [{ type: "function", function: { name: "f" } }], tool_choice: "any" }, "'any'"],
  ["tool_choice without tools", { tool_choice: "auto" }, "only allowed when 'tools'"],
  ["stream_options without stream", { stream_options: { include_usage: true } }, "only allowed when 'stream'"],
  ["max_tokens for a reasoning model", { model: "gpt-6-sol", max_tokens: 5 }, "max_completion_tokens"],
  [
    "function tools while reasoning",
    { model: "gpt-5.5", reasoning_effort: "low", tools: [{ type: "function", function: { name: "f" } }] },
    "Please use /v1/responses",
  ],
];

const messages: typeof responses = [
  ["no auth", {}, "x-api-key", { "x-api-key": "" }],
  ["an unknown version", {}, "anthropic-version", { "anthropic-version": "2020-01-01" }],
  ["no max_tokens", { max_tokens: undefined }, "max_tokens: Field required"],
  ["no messages", { messages: undefined }, "messages: Field required"],
  [
    "temperature in the newest version",
    { temperature: 1 },
    "temperature: Extra inputs",
    { "anthropic-version": "2026-10-21" },
  ],
  ["a first system message", { messages: [{ role: "system", content: "x" }, user] }, "must follow a user message"],
  ["a prefill", { messages: [user, { role: "assistant", content: "x" }] }, "prefill"],
  ["a tool role", { messages: [user, { role: "tool", content: "x" }] }, "messages.1.role"],
  ["an empty text block", { messages: [says({ type: "text", text: "" })] }, "must be non-empty"],
  ["a result without its call", { messages: [says(result("c1"))] }, "unexpected `tool_use_id`"],
  [
    "a call without its result",
    { messages: [user, use("c1"), user] },
    "without `tool_result` blocks immediately after: c1",
  ],
  ["results in two messages", { messages: [user, use("c1"), user, says(result("c1"))] }, "immediately after"],
  ["a result after text", { messages: [user, use("c1"), says(words, result("c1"))] }, "must come first"],
  ["a call id", { messages: [user, use("c.1"), says(result("c.1"))] }, "tool_use.id"],
  [
    "a data URL as image",
    {
      messages: [
        says({
          type: "image",
          source: { type: "base64", media_type: "image/png", data: "data:image/png;base64,aGk=" },
        }),
      ],
    },
    "invalid base64",
  ],
  ["OpenAI's image", { messages: [says({ type: "image_url", image_url: { url: "https://x" } })] }, "'image_url'"],
  [
    "an unsigned thought",
    { messages: [user, { role: "assistant", content: [{ type: "thinking", thinking: "x", signature: "" }] }, user] },
    "Invalid `signature`",
  ],
  ["OpenAI's tool form", { tools: [{ name: "f", parameters: {} }] }, "Extra inputs"],
  ["a tool name", { tools: [{ name: "a.b", input_schema: { type: "object" } }] }, "pattern"],
  [
    "tool_choice required",
    { tools: [{ name: "f", input_schema: schema }], tool_choice: { type: "required" } },
    "'required'",
  ],
  ["tool_choice as text", { tools: [{ name: "f", input_schema: schema }], tool_choice: "auto" }, "tool_choice"],
  ["an effort amid the conversation, without its beta", { messages: [user, effort, user] }, "Extra inputs"],
  ["what becomes of thoughts, without its beta", { thinking: dropping }, "thinking.block_binding: Extra inputs"],
  ["a budget above max_tokens", { thinking: { type: "enabled", budget_tokens: 1024 } }, "must be greater than"],
];

const gemini: typeof responses = [
  ["no key", {}, "callers", { "x-goog-api-key": "" }],
  ["no contents", { contents: undefined }, "contents is not specified"],
  ["OpenAI's messages", { messages: [] }, 'Unknown name \\"messages\\"'],
  ["an assistant role", { contents: [{ role: "assistant", parts: [{ text: "x" }] }] }, "valid role"],
  [
    "a result without its call",
    { contents: [asked, { role: "user", parts: [response] }] },
    "number of function response parts",
  ],
  ["too few results", { contents: [asked, modelCall, asked] }, "number of function response parts"],
  ["a function name", { tools: [{ functionDeclarations: [{ name: "1a" }] }] }, "Invalid function name"],
  [
    "JSON schema in parameters",
    { tools: [{ functionDeclarations: [{ name: "f", parameters: { ...schema, additionalProperties: false } }] }] },
    "additionalProperties",
  ],
  ["a mode", { toolConfig: { functionCallingConfig: { mode: "REQUIRED" } } }, "REQUIRED"],
  [
    "budget and level",
    { generationConfig: { thinkingConfig: { thinkingBudget: 1, thinkingLevel: "LOW" } } },
    "only set one",
  ],
  [
    "a signature that is not base64",
    { contents: [{ role: "user", parts: [{ text: "x", thoughtSignature: "gw1.x" }] }] },
    "Base64",
  ],
];

/** Requests that a strict provider refuses. */
export const badRequests: BadRequest[] = [
  ...responses.map((row): BadRequest => ["responses", ...row]),
  ...chat.map((row): BadRequest => ["chat", ...row]),
  ...messages.map((row): BadRequest => ["messages", ...row]),
  ...gemini.map((row): BadRequest => ["gemini", ...row]),
];
