/** Failures of a Responses provider, and of ours in OpenAI's words. */
import { describe, expect, it } from "vitest";
import type { Obj } from "../../src/canon/json.ts";
import { Fault, type FaultKind, faults } from "../../src/fault.ts";
import { responses } from "../../src/protocols/responses/index.ts";

describe("a whole answer that is none", () => {
  it.each([
    ["an error in a 200", { error: { code: "rate_limit_exceeded", message: "m" } }, "rate_limit"],
    ["a failed response", { status: "failed", output: [], error: { code: "server_error", message: "m" } }, "upstream"],
    ["a background response", { status: "queued", output: [] }, "upstream"],
    ["something else", { object: "response.input_tokens", input_tokens: 18 }, "upstream"],
  ])("%s is a fault", (_, body, kind) => {
    expect(() => responses.reply.decode(body)).toThrow(expect.objectContaining({ kind }));
  });
});

describe("failed answers", () => {
  const error = (members: Obj): string =>
    JSON.stringify({ error: { message: "m", type: "invalid_request_error", ...members } });
  it.each<[number, string, FaultKind]>([
    [400, error({ code: "context_length_exceeded", param: "input" }), "context_length"],
    [400, error({ message: "Your input exceeds the context window of this model." }), "context_length"],
    [400, error({ code: "unsupported_value", param: "reasoning.effort" }), "bad_request"],
    [400, "", "bad_request"],
    [401, error({ code: "invalid_api_key" }), "credential"],
    [403, "<html>Forbidden</html>", "credential"],
    [404, error({ code: "model_not_found" }), "no_model"],
    [404, "Not Found", "not_found"],
    [413, "", "too_large"],
    [429, error({ type: "tokens", code: "rate_limit_exceeded" }), "rate_limit"],
    [429, error({ type: "insufficient_quota", code: "insufficient_quota" }), "quota"],
    [429, "{}", "rate_limit"],
    [500, error({ type: "server_error" }), "upstream"],
    [502, "<html><h1>Bad Gateway</h1></html>", "upstream"],
    [503, error({ type: "server_error" }), "overloaded"],
    [504, "", "timeout"],
    [529, '[{"error":{"message":"m"}}]', "overloaded"],
    [500, '{"message":"m","code":"x"}', "upstream"],
    [500, '{"error":"m"}', "upstream"],
  ])("%i %s", (status, body, kind) => {
    const fault = responses.fault.decode(status, body);
    expect(fault.kind).toBe(kind);
    expect(fault.message).not.toMatch(/[<{]/);
  });

  it("keep code and member, say how long to wait, and hide keys and accounts", () => {
    const fault = responses.fault.decode(400, error({ code: "unsupported_value", param: "reasoning.effort" }));
    expect(fault).toMatchObject({ code: "unsupported_value", param: "reasoning.effort", message: "m" });
    const message =
      "Rate limit reached in organization org-AbC123dEf on tokens. Please try again in 1.5s. Key sk-proj-abc123DEF456.";
    const limited = responses.fault.decode(429, error({ message, code: "rate_limit_exceeded" }));
    expect(limited.retryAfterMs).toBe(1500);
    expect(limited.message).not.toMatch(/org-|sk-/);
    expect(limited.message).toContain("try again in 1.5s");
    expect(
      responses.fault.decode(401, error({ message: "Incorrect API key provided: sk-abc***wxyz." })).message,
    ).not.toContain("sk-");
  });

  it("are told in OpenAI's words, whatever they are", () => {
    for (const kind of Object.keys(faults) as FaultKind[]) {
      const { error } = responses.fault.encode(new Fault(kind, "m", { param: "p" }), "r") as { error: Obj };
      expect(Object.keys(error)).toEqual(["message", "type", "param", "code"]);
      expect(responses.fault.decode(faults[kind], JSON.stringify({ error })).status).toBeGreaterThanOrEqual(400);
    }
    const code = (kind: FaultKind, own?: string): unknown =>
      (responses.fault.encode(new Fault(kind, "m", own === undefined ? {} : { code: own }), "r").error as Obj).code;
    expect(code("no_model")).toBe("model_not_found");
    expect(code("quota")).toBe("insufficient_quota");
    expect(code("overloaded", "server_is_overloaded")).toBeNull();
    expect(code("bad_request", "invalid_value")).toBe("invalid_value");
  });
});
