/** The model `auto`: a route whose targets are chosen by what the user's turn needs. */
import { describe, expect, it } from "vitest";
import type { Obj } from "../../src/canon/json.ts";
import { cachingProvider } from "./caching-provider.ts";
import { gateway, teamAt } from "./gateway.ts";

const provider = cachingProvider();
const targets = ["gpt-5.6-luna", "gpt-5.5"].map((model) => ({ provider: "openai", model }));
const at = gateway({ ROUTES: { auto: { strategy: "effort", targets } } }, provider.fetch);
const question = "Why does the parser lose the last token of a line that ends in a comment? ".repeat(6);

describe("the model `auto`", () => {
  const speak = (text: string): Obj => ({ type: "message", role: "user", content: text });
  const ran = (id: string): Obj[] => [
    { type: "function_call", call_id: id, name: "shell", arguments: '{"command":["ls"]}' },
    { type: "function_call_output", call_id: id, output: "ok" },
  ];

  it("goes where the user's turn needs it, stays for its loop, and is no fixed place", async () => {
    const { post } = await teamAt(at, {});
    const modelAt = async (input: readonly Obj[], more: Obj = {}): Promise<string | null> => {
      const answer = await post(
        "/v1/responses",
        { model: "auto", input, store: false, ...more },
        { "session-id": "s" },
      );
      expect(answer.status, await answer.clone().text()).toBe(200);
      return answer.headers.get("x-gearbox-model");
    };
    const start = [speak("go on")];
    expect(await modelAt(start)).toBe("gpt-5.6-luna");
    expect(await modelAt([...start, ...ran("a")])).toBe("gpt-5.6-luna");
    const hard = [...start, ...ran("a"), speak(question)];
    expect(await modelAt(hard)).toBe("gpt-5.5");
    expect(await modelAt([...hard, ...ran("b")])).toBe("gpt-5.5");
    expect(await modelAt(start, { instructions: "You are a title generator." })).toBe("gpt-5.6-luna");
    expect(await modelAt([...hard, ...ran("b"), ...ran("c")])).toBe("gpt-5.5");
    expect(await modelAt([...hard, ...ran("b"), speak("go on")])).toBe("gpt-5.5");
  });
});

it("the model `auto` without a route of that name is a 404 that says what to write", async () => {
  const plain = gateway({}, provider.fetch);
  const answer = await plain.post("/v1/responses", { model: "auto", input: "Hi." });
  expect(answer.status).toBe(404);
  expect(await answer.text()).toContain("ROUTES");
});
