/** A Responses request with everything in it, and how the tests of requests look at one. */
import { isObj, type Obj } from "../../src/canon/json.ts";
import type { CanonRequest } from "../../src/canon/request.ts";
import { responses } from "../../src/protocols/responses/index.ts";

const notOurs = () => undefined;
export const decode = (body: Obj): CanonRequest => responses.request.decode(body, notOurs);

export function encode(request: CanonRequest): { body: Obj; lost: string[] } {
  const lost: string[] = [];
  const body = responses.request.encode(request, (field, change = "dropped") => lost.push(`${field}=${change}`));
  return { body, lost };
}

/** Member and value of every end of a path; the member alone where a string became a text part. */
function leaves(value: unknown, member = ""): string[] {
  if (Array.isArray(value)) return value.flatMap((each) => leaves(each, member));
  if (isObj(value)) return Object.entries(value).flatMap(([name, each]) => leaves(each, name));
  const place = ["content", "input", "text", "user", "safety_identifier"].includes(member) ? "" : `${member}=`;
  return value === undefined ? [] : [place + JSON.stringify(value)];
}

export function missing(from: unknown, to: unknown): string[] {
  const left = leaves(to);
  return leaves(from).filter((leaf) => {
    const found = left.indexOf(leaf);
    if (found >= 0) left.splice(found, 1);
    return found < 0;
  });
}

export const schema = {
  type: "object",
  properties: { a: { type: "string" } },
  required: ["a"],
  additionalProperties: false,
};

/** Every kind of item, part and tool, with members that nobody knows at each level. */
export const everything: Obj = {
  model: "m",
  instructions: "Be short.",
  unknown_top: { deep: [1, 2.5, false, ""] },
  previous_response_id: null,
  conversation: null,
  background: false,
  input: [
    { role: "user", content: "plain" },
    {
      type: "message",
      id: "msg_1",
      role: "developer",
      unknown_item: 0,
      content: [
        { type: "input_text", text: "", unknown_part: "p" },
        { type: "input_text", text: "b", prompt_cache_breakpoint: { mode: "explicit", ttl: "12h" } },
        { type: "input_image", image_url: "data:image/png;base64,AAAA", detail: "original", unknown_part: 1 },
        { type: "input_image", image_url: "https://example.org/a.png", detail: null },
        { type: "input_image", file_id: "file-1" },
        { type: "input_file", file_data: "data:application/pdf;base64,JVBERi0=", filename: "a.pdf", detail: "high" },
        { type: "input_file", file_url: "https://example.org/a.pdf" },
        { type: "input_file", file_id: "file-2" },
        { type: "input_audio", input_audio: { data: "UklG", format: "wav", unknown_inner: 2 }, unknown_part: 3 },
        { type: "input_hologram", depth: 4 },
      ],
    },
    { type: "reasoning", id: "rs_1", summary: [], content: null, encrypted_content: "cipher", unknown_item: 5 },
    {
      type: "reasoning",
      summary: [{ type: "summary_text", text: "thought", unknown_deep: 6 }],
      content: [{ type: "reasoning_text", text: "raw" }],
      encrypted_content: "cipher2",
    },
    { type: "reasoning", id: "rs_3", summary: [{ type: "summary_text", text: "kept at OpenAI" }] },
    {
      type: "message",
      role: "assistant",
      status: "completed",
      phase: "commentary",
      content: [
        {
          type: "output_text",
          text: "see",
          annotations: [
            { type: "url_citation", url: "https://e.org", title: "E", start_index: 0, end_index: 3, unknown_deep: 7 },
            { type: "file_citation", file_id: "f", filename: "n", index: 0 },
          ],
          logprobs: [{ token: "see", logprob: -0.5, bytes: [1], top_logprobs: [] }],
        },
        { type: "refusal", refusal: "no", unknown_part: 8 },
      ],
    },
    {
      type: "function_call",
      id: "fc_1",
      call_id: "c1",
      name: "f",
      arguments: '{"a":1}',
      status: "completed",
      async: true,
    },
    { type: "function_call", call_id: "c2", name: "g", namespace: "ns", arguments: "", caller: { type: "direct" } },
    { type: "function_call_output", id: "fco_1", call_id: "c1", output: "done", unknown_item: 9 },
    { type: "function_call_output", call_id: "c2", output: [{ type: "input_text", text: "one" }] },
    { type: "custom_tool_call", call_id: "c3", name: "exec", input: "text(1)", unknown_item: 10 },
    {
      type: "custom_tool_call_output",
      call_id: "c3",
      output: [
        { type: "input_text", text: "x" },
        { type: "input_image", image_url: "data:image/png;base64,AAAA", detail: "low" },
      ],
    },
    {
      type: "tool_search_call",
      call_id: "c4",
      execution: "client",
      arguments: { query: "q", limit: 3 },
      status: "completed",
    },
    {
      type: "tool_search_output",
      call_id: "c4",
      execution: "client",
      status: "completed",
      tools: [{ type: "function", name: "found", parameters: schema, strict: true, defer_loading: true }],
    },
    { type: "tool_search_call", call_id: null, execution: "server", arguments: {}, unknown_item: 11 },
    { type: "additional_tools", id: "at_1", role: "developer", tools: [{ type: "custom", name: "late" }] },
    { type: "configuration_update", reasoning: { effort: "high" } },
    { type: "web_search_call", id: "ws_1", status: "completed", action: { type: "search", query: "q" } },
    { type: "mcp_call", id: "mcp_1", name: "x", arguments: "{}", server_label: "s", output: "o" },
    { type: "compaction", id: "cmp_1", encrypted_content: "sealed" },
  ],
  tools: [
    { type: "function", name: "f", description: "", parameters: schema, strict: false, unknown_tool: 12 },
    { type: "function", name: "g", parameters: null },
    { type: "custom", name: "t", format: { type: "text" } },
    {
      type: "custom",
      name: "exec",
      format: { type: "grammar", syntax: "lark", definition: "start: /x/", unknown_deep: 13 },
      unknown_tool: 14,
    },
    {
      type: "namespace",
      name: "ns",
      description: "d",
      unknown_tool: 15,
      tools: [
        { type: "function", name: "g", parameters: schema, unknown_tool: 16 },
        { type: "custom", name: "c" },
      ],
    },
    { type: "tool_search", execution: "client", description: "find", parameters: schema, unknown_tool: 17 },
    { type: "tool_search" },
    { type: "web_search", external_web_access: false, search_content_types: ["text"] },
    {
      type: "web_search_2025_08_26",
      external_web_access: true,
      filters: { allowed_domains: ["e.org"], blocked_domains: ["x.org"] },
      search_context_size: "low",
      user_location: { type: "approximate", city: "Bern" },
    },
    { type: "file_search", vector_store_ids: ["vs"] },
  ],
  tool_choice: {
    type: "allowed_tools",
    mode: "required",
    tools: [
      { type: "function", name: "f" },
      { type: "mcp", server_label: "s" },
    ],
  },
  parallel_tool_calls: false,
  reasoning: { effort: "xhigh", summary: "auto", context: "all_turns", unknown_reasoning: 18 },
  text: {
    format: { type: "json_schema", name: "n", schema, strict: true, description: "", unknown_format: 19 },
    verbosity: "low",
    unknown_text: 20,
  },
  max_output_tokens: 16,
  max_tool_calls: 0,
  temperature: 0,
  top_p: 0.5,
  service_tier: "flex",
  prompt_cache_key: "",
  safety_identifier: "user-1",
  user: "old-1",
  metadata: { a: "b" },
  stream: true,
  stream_options: { include_obfuscation: false },
  store: true,
  include: [],
  client_metadata: { thread_id: "t" },
  truncation: "auto",
};
