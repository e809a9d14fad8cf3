/** Tokens counted in the words of the Responses API. */
import { describe, expect, it } from "vitest";
import { at, tools } from "./compacting.ts";
import { gateway } from "./gateway.ts";

describe("tokens of a Responses request", () => {
  it("are counted by OpenAI's own counter, with nothing added to what it is asked", async () => {
    const asked: { url: string; text: string }[] = [];
    const counting = gateway({}, async (url, init) => {
      asked.push({ url, text: await new Response(init.body ?? null).text() });
      return Response.json({ object: "response.input_tokens", input_tokens: 12 });
    });
    const body = JSON.stringify({ model: "gpt-5.5", input: "Hello", tools });
    const answer = await counting.ask("/v1/responses/input_tokens", { method: "POST", body });
    expect(await answer.json()).toEqual({ object: "response.input_tokens", input_tokens: 12 });
    expect(answer.headers.get("x-gearbox-count")).toBeNull();
    expect(asked).toEqual([{ url: expect.stringMatching(/\/v1\/responses\/input_tokens$/), text: body }]);
  });

  it("are bounded where there is no counter, pictures by URL as well", async () => {
    const picture = { role: "user", content: [{ type: "input_image", image_url: "https://example.com/a.png" }] };
    const count = async (input: unknown, model = "qwen") => {
      const answer = await at.post("/v1/responses/input_tokens", { model: `compatible/${model}`, input });
      expect(answer.headers.get("x-gearbox-count")).toBe("upper-bound");
      return ((await answer.json()) as { input_tokens: number }).input_tokens;
    };
    const text = "word ".repeat(1000);
    expect(await count(text)).toBeGreaterThanOrEqual(text.length);
    // Too long for the model is not as long as it can read.
    expect(await count("word ".repeat(80_000), "claude-haiku-4-5")).toBeGreaterThan(200_000);
    expect(await count([picture])).toBeGreaterThan(5000);
    expect(await count(undefined)).toBeGreaterThan(0);
  });
});
