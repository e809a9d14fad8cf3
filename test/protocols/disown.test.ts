/** What is taken out of a conversation that another account answered so far, and that the provider takes what is left. */
import { describe, expect, it } from "vitest";
import { readCall } from "../../src/call.ts";
import type { Obj } from "../../src/canon/json.ts";
import { loser } from "../../src/canon/loss.ts";
import type { Loss, ProtocolId } from "../../src/canon/request.ts";
import { withoutForeign } from "../../src/foreign.ts";
import type { Ranges } from "../../src/protocols/protocol.ts";

function disowned(protocol: ProtocolId, body: Obj, foreign: Ranges, model = "m", strict = false) {
  const losses: Loss[] = [];
  const bytes = new TextEncoder().encode(JSON.stringify(body));
  const call = withoutForeign(readCall("id", protocol, bytes), foreign, model, loser(strict, losses));
  expect(JSON.parse(Buffer.from(call.bytes).toString())).toEqual(call.body);
  return { body: call.body, told: losses.map(({ field, change }) => `${field}=${change}`), call, bytes };
}

const reasoning = (id: string) => ({ type: "reasoning", id, summary: [], encrypted_content: `secret-${id}` });
const user = { role: "user", content: "Go on." };

describe("Responses", () => {
  const call = { type: "function_call", id: "fc_1", call_id: "c1", name: "look", arguments: "{}" };
  const output = { type: "function_call_output", call_id: "c1", output: "seen" };
  const said = { type: "message", id: "msg_1", role: "assistant", content: [{ type: "output_text", text: "So." }] };
  const input = [user, reasoning("rs_1"), call, output, reasoning("rs_2"), said, user, reasoning("rs_3")];
  const [bareCall, bareSaid] = [call, said].map(({ id: _, ...rest }) => rest);

  it("loses the reasoning of another account, and the ids that would ask for it", () => {
    const { body, told } = disowned("responses", { model: "m", input }, [[0, 7]]);
    expect(body.input).toEqual([user, bareCall, output, bareSaid, user, reasoning("rs_3")]);
    expect(told).toEqual(["input[1]=dropped", "input[2].id=dropped", "input[4]=dropped", "input[5].id=dropped"]);
  });

  it("keeps the ids of what had no reasoning before it", () => {
    const { body, told } = disowned("responses", { model: "m", input: [user, call, output, said] }, [[0, 4]]);
    expect([body.input, told]).toEqual([[user, call, output, said], []]);
  });

  it("cannot do without what was compacted by another account", () => {
    const compacted = { type: "compaction", encrypted_content: "secret" };
    const ask = () => disowned("responses", { model: "m", input: [compacted, user] }, [[0, 1]]);
    expect(ask).toThrow(expect.objectContaining({ kind: "unsupported", param: "input[0]" }));
    expect(disowned("responses", { model: "m", input: [compacted, user] }, [[1, 2]]).told).toEqual([]);
  });
});

describe("Messages", () => {
  const thinking = (text: string) => ({ type: "thinking", thinking: text, signature: `secret-${text}` });
  const hidden = { type: "redacted_thinking", data: "secret" };
  const use = { type: "tool_use", id: "t1", name: "look", input: {} };
  const result = { role: "user", content: [{ type: "tool_result", tool_use_id: "t1", content: "seen" }] };
  const assistant = (...content: object[]) => ({ role: "assistant", content }) as Obj;

  it("loses thinking of another account, with its signatures and in secret", () => {
    const messages = [user, assistant(thinking("a"), hidden, use), result, assistant(thinking("b")), user];
    const { body, told } = disowned("messages", { model: "m", messages }, [[0, 5]]);
    expect(body.messages).toEqual([user, assistant(use), result, user]);
    const places = ["[1].content[0]", "[1].content[1]", "[3].content[0]"];
    expect(told).toEqual(places.map((place) => `messages${place}=dropped`));
  });

  it("has no gap: what its own account thought before another did goes as well", () => {
    const text = { type: "text", text: "So." };
    const each = ["a", "b", "c"].flatMap((name) => [user, assistant(thinking(name), text)]);
    const { body, told } = disowned("messages", { model: "m", messages: [...each, user] }, [[2, 4]]);
    const kept = [user, assistant(text), user, assistant(text), user, assistant(thinking("c"), text), user];
    expect(body.messages).toEqual(kept);
    expect(told).toHaveLength(2);
  });

  it("does without thinking where calls that are being answered would have to begin with some", () => {
    const messages = [user, assistant(thinking("a"), use), result];
    const budget = { type: "enabled", budget_tokens: 2000 };
    const { body, told } = disowned("messages", { model: "m", messages, thinking: budget }, [[0, 3]]);
    expect(body).toEqual({ model: "m", messages: [user, assistant(use), result], thinking: { type: "disabled" } });
    expect(told).toContain("thinking.type=enabled>disabled");
    const adaptive = { type: "adaptive" };
    expect(disowned("messages", { model: "m", messages, thinking: adaptive }, [[0, 3]]).body.thinking).toEqual(
      adaptive,
    );
    const over = [...messages, assistant({ type: "text", text: "So." }), user];
    expect(disowned("messages", { model: "m", messages: over, thinking: budget }, [[0, 3]]).body.thinking).toEqual(
      budget,
    );
  });
});

describe("Gemini", () => {
  const asked = { role: "user", parts: [{ text: "Go on." }] };
  const model = (...parts: object[]) => ({ role: "model", parts }) as Obj;
  const look = (more: object) => ({ functionCall: { name: "look", args: {} }, ...more });
  const signature = { thoughtSignature: "c2VjcmV0" };
  const contents = [asked, model({ text: "Hm", thought: true }, look(signature), look({})), asked];

  it("loses the signatures of another account; the sentinel stands where Google insists on one", () => {
    const body = { model: "gemini-3-pro", stream: false, contents };
    const { body: fit, told } = disowned("gemini", body, [[0, 3]], "gemini-3-pro");
    const sentinel = { thoughtSignature: "skip_thought_signature_validator" };
    expect(fit.contents).toEqual([asked, model({ text: "Hm", thought: true }, look(sentinel), look({})), asked]);
    expect(told).toEqual(["contents[1].parts[1].thoughtSignature=dropped"]);
    expect(disowned("gemini", { ...fit }, [[0, 3]], "gemini-3-pro").told).toEqual([]);
  });

  it("needs none of a model before Gemini 3, and loses what was nothing but a signature", () => {
    const old = {
      model: "gemini-2.5-pro",
      contents: [asked, model({ text: "", ...signature }, look(signature)), asked],
    };
    expect(disowned("gemini", old, [[0, 3]], "gemini-2.5-pro").body.contents).toEqual([asked, model(look({})), asked]);
    const snake = { model: "m", contents: [asked, model({ text: "", thought_signature: "c2VjcmV0" }), asked] };
    expect(disowned("gemini", snake, [[0, 3]]).body.contents).toEqual([asked, asked]);
  });
});

describe("Chat", () => {
  const call = (signature: string) => ({
    ...{ id: "c1", type: "function", function: { name: "look", arguments: "{}" } },
    extra_content: { google: { thought_signature: signature } },
  });
  const details = [{ type: "reasoning.encrypted", data: "secret" }];
  const assistant = { role: "assistant", content: null };

  it("loses what some servers send of reasoning beside the standard", () => {
    const messages = [
      user,
      { ...assistant, reasoning_details: details, tool_calls: [call("secret")] },
      { role: "tool", tool_call_id: "c1", content: "seen" },
      { ...assistant, reasoning_details: details },
    ];
    const { body, told } = disowned("chat", { model: "m", messages }, [[0, 3]]);
    const fit = { ...assistant, tool_calls: [call("skip_thought_signature_validator")] };
    expect(body.messages).toEqual([user, fit, messages[2], messages[3]]);
    const places = ["reasoning_details", "tool_calls[0].extra_content.google.thought_signature"];
    expect(told).toEqual(places.map((place) => `messages[1].${place}=dropped`));
    expect(disowned("chat", body, [[0, 3]]).told).toEqual([]);
  });

  it("keeps reasoning that anybody can read", () => {
    const text = { ...assistant, reasoning_details: [{ type: "reasoning.text", text: "Hm" }] };
    expect(disowned("chat", { model: "m", messages: [user, text, user] }, [[0, 3]]).told).toEqual([]);
  });
});

describe("Any caller", () => {
  it("keeps every other byte as it was written", () => {
    const written = `{ "model":"m", "big": 12345678901234567890, "input" : [ {"role":"user","content":"1.0"} ,\n ${JSON.stringify(reasoning("rs_1"))} , {"role":"user", "content":"é]"} ] }`;
    const call = readCall("id", "responses", new TextEncoder().encode(written));
    const { bytes } = withoutForeign(call, [[0, 2]], "m", () => undefined);
    const rest = `{ "model":"m", "big": 12345678901234567890, "input" : [ {"role":"user","content":"1.0"} ,\n {"role":"user", "content":"é]"} ] }`;
    expect(Buffer.from(bytes).toString()).toBe(rest);
  });

  it("is left alone where nothing is foreign, and keeps what its own account made", () => {
    const body = { model: "m", input: [user, reasoning("rs_1"), user] };
    for (const ranges of [[], [[0, 1]], [[2, 9]]] as const) {
      const { call, bytes } = disowned("responses", body, ranges);
      expect(call.bytes).toEqual(bytes);
    }
  });

  it("that wants no loss is refused", () => {
    const ask = () => disowned("responses", { model: "m", input: [reasoning("rs_1"), user] }, [[0, 1]], "m", true);
    expect(ask).toThrow(expect.objectContaining({ kind: "unsupported", param: "input[0]" }));
  });
});
