/** Answers in the background are refused, and it is said why. */
import { describe, expect, it } from "vitest";
import { gateway } from "./gateway.ts";

const at = gateway();

describe("an answer in the background", () => {
  const question = [{ role: "user", content: "Hello" }];
  const callers = {
    responses: ["/v1/responses", { model: "M", input: "Hello" }],
    chat: ["/v1/chat/completions", { model: "M", messages: question }],
    messages: ["/v1/messages", { model: "M", messages: question, max_tokens: 100 }],
    gemini: ["/v1beta/models/M:generateContent", { contents: [{ role: "user", parts: [{ text: "Hello" }] }] }],
  } as const;
  const shapes = {
    responses: { error: { type: "invalid_request_error", param: "background", code: "unsupported_parameter" } },
    chat: { error: { type: "invalid_request_error", param: "background", code: "unsupported_parameter" } },
    messages: { type: "error", error: { type: "invalid_request_error" } },
    gemini: { error: { code: 400, status: "INVALID_ARGUMENT" } },
  } as const;
  const kinds = ["responses", "chat", "messages", "gemini"] as const;

  it.each(kinds.flatMap((kind) => ["openai/gpt-5.5", "anthropic/claude-sonnet-5"].map((model) => ({ kind, model }))))(
    "is refused to a $kind caller in its own words, with the reason, at $model",
    async ({ kind, model }) => {
      const [path, body] = callers[kind];
      const named = "model" in body ? { ...body, model } : body;
      const refused = await at.post(path.replace("M:", `${model}:`), { ...named, background: true });
      const text = await refused.clone().text();
      expect([refused.status, await refused.json()]).toMatchObject([400, shapes[kind]]);
      expect(text).toMatch(/background.*30 seconds.*Stream the answer/s);
    },
  );
});
