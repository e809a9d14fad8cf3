/** Failures in Google's words, both ways. */
import { describe, expect, it } from "vitest";
import { list, obj } from "../../src/canon/json.ts";
import { Fault, type FaultKind, faults } from "../../src/fault.ts";
import { gemini } from "../../src/protocols/gemini/index.ts";

const body = (error: object) => JSON.stringify({ error });
const decode = gemini.fault.decode;

describe("a failed answer", () => {
  const kinds: [FaultKind, number, string][] = [
    ["bad_request", 400, "Please use a valid role: user, model."],
    ["context_length", 400, "The input token count (1250074) exceeds the maximum number of tokens allowed (1048576)."],
    ["credential", 400, "API key not valid. Please pass a valid API key."],
    ["credential", 401, "x"],
    ["quota", 402, "x"],
    ["credential", 403, "x"],
    ["no_model", 404, "models/x is not found"],
    ["upstream", 409, "x"],
    ["rate_limit", 429, "x"],
    ["upstream", 499, "x"],
    ["upstream", 500, "x"],
    ["overloaded", 503, "x"],
    ["timeout", 504, "x"],
    ["overloaded", 529, "x"],
  ];
  it.each(kinds)("%s for %i %s", (kind, code, message) => {
    expect(decode(code, body({ code, message })).kind).toBe(kind);
  });

  it("says when to come back", () => {
    const details = [{ "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: "34.4s" }];
    expect(decode(429, body({ code: 429, message: "x", details })).retryAfterMs).toBe(34400);
    const counted = [{ retryDelay: { seconds: "3", nanos: 5e8 } }];
    expect(decode(429, body({ code: 429, message: "x", details: counted })).retryAfterMs).toBe(3500);
    expect(
      decode(429, body({ code: 429, message: "x", details: [{ retryDelay: "soon" }] })).retryAfterMs,
    ).toBeUndefined();
  });

  it("may be an array, HTML or nothing", () => {
    expect(decode(503, `[${body({ code: 503, message: "busy" })}]`)).toMatchObject({
      kind: "overloaded",
      message: "busy",
    });
    expect(decode(502, "<html>secret</html>")).toMatchObject({
      kind: "upstream",
      message: "The provider answered with status 502.",
    });
    expect(decode(500, "")).toMatchObject({ kind: "upstream" });
    expect(decode(400, body({})).kind).toBe("bad_request");
  });

  it("shows no key, and blames no caller for ours", () => {
    const shown = decode(
      400,
      body({ code: 400, message: "no AIzaSyA1234567890abcdef at https://x/?key=abcdef123&a=1" }),
    ).message;
    expect(shown).toBe("no [redacted] at https://x/?key=[redacted]&a=1");
    expect(decode(403, body({ code: 403, message: "Project 123456 is disabled" })).message).not.toContain("123456");
  });

  it("names the member that is to blame", () => {
    const details = [
      { "@type": "type.googleapis.com/google.rpc.BadRequest", fieldViolations: [{ field: "contents[0].parts" }] },
    ];
    expect(decode(400, body({ code: 400, message: "x", details })).param).toBe("contents[0].parts");
  });
});

describe("a fault of ours", () => {
  it.each(Object.keys(faults) as FaultKind[])("%s has a status of Google's", (kind) => {
    const { error } = gemini.fault.encode(new Fault(kind, "why"), "req_1");
    expect(obj(error)).toMatchObject({ code: faults[kind], message: "why" });
    expect(String(obj(error).status)).toMatch(/^[A-Z_]+$/);
    expect(list(obj(error).details).map(obj)).toEqual([
      { "@type": "type.googleapis.com/google.rpc.RequestInfo", requestId: "req_1" },
    ]);
  });

  it("comes back as it went", () => {
    const fault = new Fault("rate_limit", "slow down", { retryAfterMs: 1500, param: "contents" });
    const back = decode(429, JSON.stringify(gemini.fault.encode(fault, "req_1")));
    expect(back).toMatchObject({ kind: "rate_limit", message: "slow down", retryAfterMs: 1500, param: "contents" });
  });
});
