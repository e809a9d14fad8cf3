/** Requests that the tests of the Messages protocol are made of. */
import type { Obj } from "../../src/canon/json.ts";
import type { Block, CanonRequest, Turn } from "../../src/canon/request.ts";
import { messages } from "../../src/protocols/messages/index.ts";
import { nothingOpens } from "./messages-laws.ts";

const { decode, encode } = messages.request;
export const decoded = (body: Obj): CanonRequest => decode(body, nothingOpens);

export function encoded(request: CanonRequest): { body: Obj; lost: string[] } {
  const lost: string[] = [];
  return { body: encode(request, (field, change = "dropped") => lost.push(`${field}=${change}`)), lost };
}

export const minimal = { model: "claude", max_tokens: 100, messages: [{ role: "user", content: "hi" }] };

/** Something at each level that canon knows, and something at each that it does not. */
export const everything: Obj = {
  model: "claude-opus-5-5",
  max_tokens: 4096,
  stream: true,
  system: [{ type: "text", text: "be brief", cache_control: { type: "ephemeral", ttl: "1h" }, x1: 1 }],
  messages: [
    {
      role: "user",
      x2: 2,
      content: [
        { type: "text", text: "look", x3: false },
        { type: "image", source: { type: "base64", media_type: "image/png", data: "AAAA", x4: "" }, x5: 0 },
        { type: "image", source: { type: "url", url: "https://a.example/b.png" } },
        { type: "image", source: { type: "file", file_id: "file_1" } },
        { type: "image", source: { type: "later", where: "moon" } },
        { type: "document", title: "a.pdf", source: { type: "base64", media_type: "application/pdf", data: "JVBE" } },
        {
          type: "document",
          context: "c",
          citations: { enabled: true },
          source: { type: "text", media_type: "text/plain", data: "grüße 🙂" },
        },
        { type: "document", source: { type: "content", content: "one text", x6: 6 } },
        { type: "document", source: { type: "content", content: [{ type: "text", text: "chunk" }] } },
        { type: "document", source: { type: "url", url: "https://a.example/b.pdf" } },
        { type: "search_result", source: "s", title: "t", content: [{ type: "text", text: "found" }] },
        { type: "later_block", anything: { deep: [1, null, "x"] } },
      ],
    },
    {
      role: "assistant",
      content: [
        { type: "thinking", thinking: "hm", signature: "sig1", x7: 7 },
        { type: "thinking", thinking: "", signature: "sig2" },
        { type: "redacted_thinking", data: "blob", x8: 8 },
        {
          type: "text",
          text: "cited",
          citations: [
            {
              type: "web_search_result_location",
              url: "https://c.example",
              title: "C",
              cited_text: "c",
              encrypted_index: "ei",
            },
            { type: "char_location", cited_text: "d", document_index: 0, start_char_index: 0, end_char_index: 1 },
          ],
        },
        {
          type: "server_tool_use",
          id: "srvtoolu_1",
          name: "web_search",
          input: { query: "q", x9: 9 },
          caller: { type: "direct" },
        },
        {
          type: "web_search_tool_result",
          tool_use_id: "srvtoolu_1",
          content: [{ type: "web_search_result", url: "u", encrypted_content: "e" }],
        },
        { type: "server_tool_use", id: "srvtoolu_2", name: "web_fetch", input: { url: "u" } },
        { type: "tool_use", id: "toolu_1", name: "read", input: { path: "a", n: 0, flag: false, none: null }, x10: 10 },
        { type: "tool_use", id: "toolu_2", name: "noop", input: {}, cache_control: { type: "ephemeral" } },
      ],
    },
    {
      role: "user",
      content: [
        {
          type: "tool_result",
          tool_use_id: "toolu_1",
          is_error: false,
          x11: 11,
          content: [
            { type: "text", text: "ok" },
            { type: "image", source: { type: "base64", media_type: "image/gif", data: "R0lG" } },
            { type: "tool_reference", tool_name: "t" },
          ],
        },
        { type: "tool_result", tool_use_id: "toolu_2", is_error: true, content: "failed" },
        { type: "text", text: "go on", cache_control: { type: "ephemeral", ttl: "9h", x12: 12 } },
      ],
    },
    {
      role: "system",
      content: [
        { type: "text", text: "new rule" },
        { type: "tool_addition", tool: { name: "t" } },
      ],
    },
    { role: "assistant", content: "done" },
    { role: "user", content: "thanks" },
  ],
  tools: [
    { name: "read", description: "", input_schema: { type: "object", properties: {} }, strict: true, x13: 13 },
    {
      type: "custom",
      name: "noop",
      input_schema: { type: "object" },
      defer_loading: false,
      cache_control: { type: "ephemeral" },
    },
    {
      type: "web_search_20260318",
      name: "web_search",
      allowed_domains: ["a.example"],
      blocked_domains: null,
      max_uses: 3,
    },
    { type: "bash_20250124", name: "bash" },
  ],
  tool_choice: { type: "auto", disable_parallel_tool_use: true, x14: 14 },
  thinking: { type: "adaptive", display: "summarized", block_binding: { prefix_mismatch_behavior: "drop_block" } },
  output_config: {
    effort: "xhigh",
    format: { type: "json_schema", schema: { type: "object" }, x15: 15 },
    task_budget: { total: 1 },
  },
  stop_sequences: ["END"],
  temperature: 0,
  top_p: 0.5,
  top_k: 0,
  service_tier: "standard_only",
  metadata: { user_id: "u", x16: 16 },
  cache_control: { type: "ephemeral" },
  container: "container_1",
  mcp_servers: [{ name: "m", url: "https://m.example" }],
  x17: { y: [true, ""] },
};

export const turn = (role: Turn["role"], ...blocks: Block[]): Turn => ({ role, blocks });
export const say = (text: string): Block => ({ type: "text", text });
export const call = (id: string, input = "{}"): Block => ({ type: "call", id, kind: "function", name: "f", input });
export const result = (callId: string, ...blocks: Block[]): Block => ({
  type: "result",
  callId,
  kind: "function",
  blocks,
});
export const from = (turns: Turn[], more: Partial<CanonRequest> = {}): CanonRequest => ({
  model: "claude",
  stream: false,
  maxOutput: 100,
  turns,
  ...more,
});
export const sent = (turns: Turn[], more: Partial<CanonRequest> = {}): Obj => encoded(from(turns, more)).body;
export const hi = turn("user", say("hi"));
