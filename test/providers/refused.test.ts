/** Refusals of the clouds, in the protocol that the model speaks. */
import { describe, expect, it } from "vitest";
import { catalog } from "../../src/providers/catalog.ts";
import { unwrapRefusal } from "../../src/providers/refused.ts";

const anthropics = { type: "error", error: { type: "overloaded_error", message: "Overloaded" } };

describe("a refusal", () => {
  const cases = [
    ["bedrock", 400, { message: "Malformed." }, "invalid_request_error", "Malformed."],
    ["bedrock", 403, { message: "Signature." }, "permission_error", "Signature."],
    ["bedrock", 429, { message: "Slow." }, "rate_limit_error", "Slow."],
    ["bedrock", 503, { Message: "Unknown shape." }, "overloaded_error", ""],
    [
      "bedrock",
      400,
      { message: "Input is too long for requested model." },
      "invalid_request_error",
      /^prompt is too long: /,
    ],
    ["vertex-claude", 404, { error: { message: "No model.", status: "NOT_FOUND" } }, "not_found_error", "No model."],
    ["vertex-claude", 500, [{ error: { message: "Broken." } }], "api_error", "Broken."],
    ["vertex-claude", 502, "<html>", "api_error", ""],
  ] as const;

  it.each(cases)("of %s with %i is told as Anthropic would: %j", async (id, status, body, type, message) => {
    const said = typeof body === "string" ? body : JSON.stringify(body);
    const answer = new Response(said, { status, headers: { "retry-after": "3" } });
    const told = await unwrapRefusal(answer, place(id));
    const matcher = typeof message === "string" ? message : expect.stringMatching(message);
    expect({ status: told.status, retry: told.headers.get("retry-after"), body: await told.json() }).toEqual({
      status,
      retry: "3",
      body: { type: "error", error: { type, message: matcher } },
    });
  });

  it("of the model itself passes as it is", async () => {
    const told = await unwrapRefusal(Response.json(anthropics, { status: 529 }), place("vertex-claude"));
    expect(await told.json()).toEqual(anthropics);
  });

  it("of a provider that wraps nothing is not touched, and neither is an answer", async () => {
    const refused = Response.json({ message: "x" }, { status: 400 });
    const answered = Response.json({ type: "message" });
    for (const id of ["anthropic", "openai", "vertex"]) expect(await unwrapRefusal(refused, place(id))).toBe(refused);
    expect(await unwrapRefusal(answered, place("bedrock"))).toBe(answered);
  });
});

function place(id: string) {
  const provider = catalog.find((each) => each.id === id);
  if (provider === undefined) throw new Error(`no provider ${id}`);
  return { provider, protocol: provider.speaks[0] ?? "chat", model: "m" };
}
