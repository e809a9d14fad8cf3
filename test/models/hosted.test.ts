/** What tools that a provider runs may cost, before they have run. */
import { expect, it } from "vitest";
import type { Obj } from "../../src/canon/json.ts";
import type { ProtocolId } from "../../src/canon/request.ts";
import { hostedNeed } from "../../src/models/hosted.ts";

const usd = 1_000_000_000;
const fee = (provider: string, protocol: ProtocolId, body: Obj): number | undefined =>
  hostedNeed(provider, protocol, body)?.fee;

it("the caller's own tools cost nothing", () => {
  const own: readonly (readonly [string, ProtocolId, Obj])[] = [
    ["openai", "chat", { tools: [{ type: "function" }, { type: "custom" }] }],
    ["openai", "responses", { tools: [{ type: "function" }, { type: "local_shell" }, { type: "namespace" }] }],
    ["anthropic", "messages", { tools: [{ name: "a" }, { type: "bash_20250124" }, { type: "computer_20250124" }] }],
    ["gemini", "gemini", { tools: [{ functionDeclarations: [] }, { function_declarations: [] }] }],
    ["openai", "chat", {}],
  ];
  for (const [provider, protocol, body] of own) expect(fee(provider, protocol, body), JSON.stringify(body)).toBe(0);
});

it("a search costs its fee as often as it may be used", () => {
  const search = (more: Obj = {}): Obj => ({ tools: [{ type: "web_search_20250305", name: "web_search", ...more }] });
  expect(fee("anthropic", "messages", search())).toBe(0.1 * usd);
  expect(fee("anthropic", "messages", search({ max_uses: 3 }))).toBe(0.03 * usd);
  expect(fee("openai", "responses", { tools: [{ type: "web_search" }], max_tool_calls: 2 })).toBe(0.05 * usd);
  expect(fee("openai", "chat", { web_search_options: {} })).toBe(0.25 * usd);
  expect(fee("gemini", "gemini", { tools: [{ google_search: {} }] })).toBe(0.14 * usd);
});

it("a container costs by its size", () => {
  const interpreter = (container: Obj | string): Obj => ({ tools: [{ type: "code_interpreter", container }] });
  expect(fee("openai", "responses", interpreter({ type: "auto" }))).toBe(0.05 * usd);
  expect(fee("openai", "responses", interpreter({ type: "auto", memory_limit: "64g" }))).toBe(1.92 * usd);
  expect(fee("openai", "responses", { tools: [{ type: "shell", environment: { type: "container_auto" } }] })).toBe(
    0.05 * usd,
  );
});

it("a tool whose price nobody told us has none, whatever stands beside it", () => {
  const unknown: readonly (readonly [string, ProtocolId, Obj])[] = [
    ["openai", "responses", { tools: [{ type: "function" }, { type: "image_generation" }] }],
    ["openai", "responses", { tools: [{ type: "mcp" }] }],
    ["deepseek", "responses", { tools: [{ type: "web_search" }] }],
    ["anthropic", "messages", { tools: [{ type: "advisor_20260301" }] }],
    ["anthropic", "messages", { mcp_servers: [{ url: "https://example.com" }] }],
    ["gemini", "gemini", { tools: [{ fileSearch: {} }] }],
    ["openrouter", "chat", { plugins: [{ id: "web" }] }],
    ["openrouter", "chat", { tools: [{ type: "openrouter:web_search" }] }],
    ["openai", "responses", { tools: [{ type: "of_next_year" }] }],
  ];
  for (const [provider, protocol, body] of unknown) {
    expect(fee(provider, protocol, body), JSON.stringify(body)).toBeUndefined();
  }
});
