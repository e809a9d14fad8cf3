/** Cache marks: kept, renamed, bounded, and set for those who set none. */
import { describe, expect, it } from "vitest";
import type { Block, CacheMark, CanonRequest, ProtocolId } from "../../src/canon/request.ts";
import { readConfig } from "../../src/config.ts";
import { fitMarks, withoutAutomaticMark } from "../../src/models/cache.ts";
import { protocols } from "../../src/protocols/index.ts";

const marked = (text: string, cache: CacheMark = {}): Block => ({ type: "text", text, cache });
const asked = (...blocks: Block[]): CanonRequest => ({
  model: "gpt-5.6-sol",
  stream: true,
  maxOutput: 9,
  turns: [{ role: "user", blocks }],
});

function encoded(protocol: ProtocolId, request: CanonRequest) {
  const lost: string[] = [];
  const lose = (field: string, change = "dropped") => void lost.push(`${field}=${change}`);
  return { body: protocols[protocol].request.encode(fitMarks(request, protocol, lose), lose), lost };
}

describe("a mark", () => {
  it("is a breakpoint for OpenAI's newer models, with the lifetime that is nearest", () => {
    const request = asked(marked("a", { ttl: "1h" }), marked("b", { ttl: "5m" }), marked("c"));
    const breakpoints = [{ mode: "explicit", ttl: "12h" }, { mode: "explicit", ttl: "30m" }, { mode: "explicit" }].map(
      (prompt_cache_breakpoint) => expect.objectContaining({ prompt_cache_breakpoint }),
    );
    expect(encoded("responses", request).body.input).toEqual([expect.objectContaining({ content: breakpoints })]);
    expect(encoded("chat", request).body.messages).toEqual([{ role: "user", content: breakpoints }]);
  });

  it("is nothing to the older ones, to other servers and to Gemini", () => {
    for (const model of ["gpt-5.5", "gpt-5", "gpt-4.1", "llama-9", "gpt-oss-120b"]) {
      const request = { ...asked(marked("a")), model };
      for (const protocol of ["chat", "responses", "gemini"] as const) {
        expect(JSON.stringify(encoded(protocol, request))).not.toContain("cache");
      }
    }
    expect(JSON.stringify(encoded("responses", { ...asked(marked("a")), model: "gpt-6-sol" }))).toContain("explicit");
  });

  it("of a Responses caller is Anthropic's, and comes back as it came", () => {
    const wire = { type: "input_text", text: "a", prompt_cache_breakpoint: { mode: "explicit", ttl: "12h" } };
    const input = [{ role: "user", content: [wire] }];
    const request = protocols.responses.request.decode({ model: "gpt-5.6-sol", input }, () => undefined);
    const there = encoded("messages", { ...request, maxOutput: 9 }).body;
    expect(there.messages).toEqual([
      { role: "user", content: [{ type: "text", text: "a", cache_control: { type: "ephemeral", ttl: "1h" } }] },
    ]);
    expect(there).not.toHaveProperty("cache_control");
    expect(encoded("responses", request).body.input).toMatchObject(input);
  });
});

describe("marks at Anthropic", () => {
  it("are at most four, the last ones", () => {
    const blocks = [marked("a"), marked("b"), marked("c"), marked("d")];
    const request: CanonRequest = {
      ...asked(...blocks),
      tools: [{ type: "function", name: "look", cache: {} }],
      instructions: [marked("rules")],
    };
    const { body, lost } = encoded("messages", request);
    expect(lost).toEqual(["cache_control=6>4"]);
    expect(JSON.stringify([body.tools, body.system])).not.toContain("cache_control");
    expect(JSON.stringify(body.messages).match(/cache_control/g)).toHaveLength(4);
    const fewer = encoded("messages", asked(...blocks));
    expect(fewer.lost).toEqual([]);
    expect(JSON.stringify(fewer.body).match(/cache_control/g)).toHaveLength(4);
  });

  it("count inside of a tool's result, before the result's own", () => {
    const result: Block = { type: "result", callId: "c", kind: "function", blocks: [marked("in")], cache: {} };
    const call: Block = { type: "call", id: "c", kind: "function", name: "look", input: "{}" };
    const turns = [
      { role: "user", blocks: [marked("a")] },
      { role: "assistant", blocks: [call] },
      { role: "user", blocks: [result, marked("b"), marked("c")] },
    ] as const;
    const { body, lost } = encoded("messages", { ...asked(), turns });
    expect(lost).toEqual(["cache_control=5>4"]);
    expect(JSON.stringify(body.messages).match(/cache_control/g)).toHaveLength(4);
    expect(body.messages).toMatchObject([{ content: [{ type: "text", text: "a" }] }, {}, {}]);
    expect(JSON.stringify((body.messages as unknown[])[0])).not.toContain("cache_control");
  });

  it("are set for callers who set none, unless that is off", () => {
    const { body } = encoded("messages", asked({ type: "text", text: "a" }));
    expect(body.cache_control).toEqual({ type: "ephemeral" });
    expect(withoutAutomaticMark(body, "auto")).toBe(body);
    const { cache_control: _, ...plain } = body;
    expect(withoutAutomaticMark(body, "off")).toEqual(plain);
    expect(encoded("messages", asked(marked("a"))).body).not.toHaveProperty("cache_control");
  });
});

it("is a setting: auto, off, or a mistake that says so", () => {
  const read = (CACHE_MARKS: unknown) => readConfig({ GEARBOX_SECRET: "s".repeat(32), CACHE_MARKS }).cacheMarks;
  expect([read(undefined), read(""), read("auto"), read("off")]).toEqual(["auto", "auto", "auto", "off"]);
  expect(() => read("no")).toThrow("CACHE_MARKS");
});
