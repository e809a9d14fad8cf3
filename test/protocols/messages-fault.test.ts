/** Failures in the words of the Messages protocol, both ways. */
import { describe, expect, test } from "vitest";
import type { Obj } from "../../src/canon/json.ts";
import { Fault, faults, unsupported } from "../../src/fault.ts";
import { messages } from "../../src/protocols/messages/index.ts";

const body = (type: string, message: string, more: Obj = {}): string =>
  JSON.stringify({ type: "error", error: { type, message, ...more }, request_id: "req_1" });

describe("a refusal of ours", () => {
  test("of a thread is what the SDK's tool runner goes on without", () => {
    const refused = messages.fault.encode(unsupported("thread", "is not known."), "r");
    const details = { error_code: "thread_unsupported_request", unsupported: ["thread"] };
    expect(refused).toMatchObject({ error: { type: "invalid_request_error", details } });
    expect(messages.fault.encode(unsupported("container", "x"), "r").error).not.toHaveProperty("details");
  });
});

describe("a failed answer", () => {
  test.each<[number, string, string, string]>([
    [400, body("invalid_request_error", "max_tokens: too large"), "bad_request", "max_tokens: too large"],
    [
      400,
      body("invalid_request_error", "prompt is too long: 213462 tokens > 200000 maximum"),
      "context_length",
      "prompt is too long: 213462 tokens > 200000 maximum",
    ],
    [400, body("invalid_request_error", "Your credit balance is too low."), "quota", "Your credit balance is too low."],
    [402, body("billing_error", "Your credit balance is too low."), "quota", "Your credit balance is too low."],
    [404, body("not_found_error", "model: claude-x"), "no_model", "model: claude-x"],
    [404, body("not_found_error", "Not found"), "not_found", "Not found"],
    [408, body("invalid_request_error", "late"), "timeout", "late"],
    [409, body("conflict_error", "busy"), "upstream", "busy"],
    [
      413,
      body("request_too_large", "Request exceeds the maximum size"),
      "too_large",
      "Request exceeds the maximum size",
    ],
    [429, body("rate_limit_error", "slow"), "rate_limit", "slow"],
    [500, body("api_error", "Internal server error"), "upstream", "Internal server error"],
    [529, body("overloaded_error", "Overloaded"), "overloaded", "Overloaded"],
    [504, body("timeout_error", "Request timed out"), "timeout", "Request timed out"],
    [413, "<html>413 cloudflare</html>", "too_large", "The request is too large for the provider."],
    [502, "<html>Bad gateway</html>", "upstream", "The provider failed."],
    [503, "", "overloaded", "The provider is overloaded."],
    [429, "[]", "rate_limit", "The provider limits the rate of calls."],
    [418, '{"error":"teapot"}', "bad_request", "The provider refused the request."],
    [302, "", "upstream", "The provider failed."],
  ])("%i %s", (status, text, kind, message) => {
    expect(messages.fault.decode(status, text)).toMatchObject({ kind, message });
  });

  test("a spend limit is no rate limit: waiting does not help", () => {
    const fault = messages.fault.decode(
      429,
      body("rate_limit_error", "spent", { details: { error_code: "enforced_spend_limit_reached" } }),
    );
    expect(fault).toMatchObject({ kind: "quota", code: "enforced_spend_limit_reached" });
  });

  test.each([401, 403])("%i is about the gateway's credential, not the caller's key", (status) => {
    const type = status === 401 ? "authentication_error" : "permission_error";
    for (const text of [body(type, "invalid x-api-key sk-ant-api03-abcdefghijk"), "<html>"]) {
      const fault = messages.fault.decode(status, text);
      expect(fault).toMatchObject({ kind: "credential", status: 502 });
      expect(fault.message).not.toMatch(/sk-ant|x-api-key/);
    }
  });

  test("nothing that looks like a key is passed on", () => {
    const { message } = messages.fault.decode(
      400,
      body("invalid_request_error", `bad sk-ant-api03-abcdefghijk and Bearer abc.def and ${"Zx9".repeat(20)}`),
    );
    expect(message).toBe("bad [redacted] and Bearer [redacted] and [redacted]");
  });
});

describe("our faults", () => {
  test("have Anthropic's words, each kind", () => {
    const words = Object.keys(faults).map((kind) => {
      const error = messages.fault.encode(new Fault(kind as keyof typeof faults, "m"), "req_9");
      expect(error).toMatchObject({ type: "error", request_id: "req_9" });
      return [kind, (error.error as Obj).type];
    });
    expect(Object.fromEntries(words)).toMatchObject({
      bad_request: "invalid_request_error",
      unsupported: "invalid_request_error",
      bad_key: "authentication_error",
      forbidden: "permission_error",
      no_model: "not_found_error",
      too_large: "request_too_large",
      rate_limit: "rate_limit_error",
      quota: "billing_error",
      upstream: "api_error",
      credential: "api_error",
      overloaded: "overloaded_error",
      timeout: "timeout_error",
    });
  });

  test("a conversation that is too long says so in the words that Claude Code knows", () => {
    const told = (message: string) =>
      (messages.fault.encode(new Fault("context_length", message), "r").error as Obj).message;
    expect(told("Maximum is 5.")).toBe("prompt is too long: Maximum is 5.");
    expect(told("prompt is too long: 9 tokens > 5 maximum")).toBe("prompt is too long: 9 tokens > 5 maximum");
  });
});
