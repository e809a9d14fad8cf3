/** The providers that are known without configuration, and what is assumed of one that is not. */
import type { Provider } from "./provider.ts";

/** Known by name; each is switched on by its `secret`. */
export const catalog: readonly Provider[] = [
  {
    id: "openai",
    name: "OpenAI",
    base: "https://api.openai.com/v1",
    speaks: ["responses", "chat"],
    auth: "bearer",
    secret: "OPENAI_API_KEY",
    models: ["gpt-", "o1", "o3", "o4", "chatgpt-", "codex-"],
    quirks: ["reasoning-tools-through-responses"],
  },
  {
    id: "anthropic",
    name: "Anthropic",
    base: "https://api.anthropic.com",
    speaks: ["messages"],
    auth: "x-api-key",
    secret: "ANTHROPIC_API_KEY",
    // Newer dates refuse temperature, top_p and top_k outright (wire.md fact 10).
    headers: { "anthropic-version": "2023-06-01" },
    models: ["claude-"],
  },
];

/** What an entry of PROVIDERS gets where it says nothing: the least that servers calling themselves compatible share. */
export const compatible = {
  speaks: ["chat"],
  auth: "bearer",
  quirks: ["system-role-only", "functions-only", "max-tokens"],
} as const satisfies Pick<Provider, "speaks" | "auth" | "quirks">;
