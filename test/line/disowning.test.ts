/** Conversations of which nobody remembers who answered them: what the provider cannot read is left out, once it has said so. */
import { describe, expect, it } from "vitest";
import type { Obj } from "../../src/canon/json.ts";
import type { Fetch } from "../../src/upstream.ts";
import { gateway, play } from "./gateway.ts";

/** What another account has sealed. */
const sealed = "c2VhbGVkIGJ5IGFub3RoZXIgYWNjb3VudA==";

interface Way {
  readonly protocol: string;
  readonly path: (model: string) => string;
  readonly provider: string;
  readonly body: (model: string) => Obj;
  /** How its provider says that it cannot open what it was sent. */
  readonly refusal: Obj;
}

const ways: readonly Way[] = [
  {
    protocol: "responses",
    path: () => "/v1/responses",
    provider: "openai",
    body: (model) => ({
      ...{ model, store: false },
      input: [
        { role: "user", content: "Why?" },
        { type: "reasoning", id: "rs_1", summary: [], encrypted_content: sealed },
        { type: "message", id: "msg_1", role: "assistant", content: [{ type: "output_text", text: "So." }] },
        { role: "user", content: "And?" },
      ],
    }),
    refusal: { error: { message: "The encrypted content could not be verified.", code: "invalid_encrypted_content" } },
  },
  {
    protocol: "messages",
    path: () => "/v1/messages",
    provider: "anthropic",
    body: (model) => ({
      ...{ model, max_tokens: 2000, thinking: { type: "adaptive" } },
      messages: [
        { role: "user", content: "Why?" },
        {
          role: "assistant",
          content: [
            { type: "thinking", thinking: "", signature: sealed },
            { type: "text", text: "So." },
          ],
        },
        { role: "user", content: "And?" },
      ],
    }),
    refusal: {
      type: "error",
      error: {
        type: "invalid_request_error",
        message: "messages.1.content.0: Invalid `signature` in `thinking` block",
      },
    },
  },
  {
    protocol: "gemini",
    path: (model) => `/v1beta/models/${model}:generateContent`,
    provider: "gemini",
    body: () => ({
      contents: [
        { role: "user", parts: [{ text: "Why?" }] },
        { role: "model", parts: [{ text: "So.", thoughtSignature: sealed }] },
        { role: "user", parts: [{ text: "And?" }] },
      ],
    }),
    refusal: { error: { code: 400, message: "Thought signature is not valid.", status: "INVALID_ARGUMENT" } },
  },
];

/** A gateway whose providers refuse what is sealed, and the bodies that they were sent. */
function strict({ refusal }: Pick<Way, "refusal">) {
  const sent: string[] = [];
  const fetchWith: Fetch = async (url, init) => {
    const body = await new Response(init.body).text();
    sent.push(body);
    return body.includes(sealed) ? Response.json(refusal, { status: 400 }) : fetch(url, { ...init, body });
  };
  return { at: gateway({}, fetchWith), sent };
}

describe.each(ways)("what another account has sealed, in $protocol", (way) => {
  it("is sent once, left out where it is refused, told of, and not sent again", async () => {
    const { at, sent } = strict(way);
    const model = `disowned-${way.protocol}`;
    await play(model, { blocks: [{ text: "Therefore." }] });
    const asked = `${way.provider}/${model}`;
    const ask = () => at.post(way.path(asked), way.body(asked), { "x-session-id": "one" });
    for (const answer of [await ask(), await ask()]) {
      expect(answer.status).toBe(200);
      expect(await answer.text()).toContain("Therefore.");
      expect(answer.headers.get("x-gearbox-lost")).toMatch(/=dropped/);
    }
    await at.idle();
    expect(sent.map((body) => body.includes(sealed))).toEqual([true, false, false]);
    expect(sent.every((body) => body.includes("So.") && body.includes("Why?"))).toBe(true);
  });
});

it("is refused as the provider says where the refusal is about something else", async () => {
  const [way] = ways;
  if (way === undefined) throw new Error("there is no way");
  const { at, sent } = strict({ refusal: { error: { message: "No such tool.", code: "invalid_value" } } });
  const answer = await at.post(way.path("openai/x"), way.body("openai/x"));
  expect(answer.status).toBe(400);
  expect(await answer.json()).toMatchObject({ error: { code: "invalid_value" } });
  expect(sent).toHaveLength(1);
});
