/**
 * Append-only: what a conversation became on its way to a provider stays, byte for byte, the beginning of what the longer
 * one becomes; tools are equal. Where the caller's protocol or the target's gathers what one side says in a row
 * (Anthropic's, Gemini's), the last message may grow at its end. Marks for the prompt cache are no part of the prompt; the
 * proofs of reasoning that the caller brings back are.
 */
import fc from "fast-check";
import { expect, it } from "vitest";
import { list, type Obj, obj } from "../../src/canon/json.ts";
import type { CanonRequest, ProtocolId } from "../../src/canon/request.ts";
import { flatten } from "../../src/canon/tools.ts";
import { fitMarks } from "../../src/models/cache.ts";
import { modelFacts } from "../../src/models/catalog.ts";
import { fitModel } from "../../src/models/fit.ts";
import { fitSchemas } from "../../src/models/schema.ts";
import { withOwnProofs } from "../../src/policy/proofs.ts";
import { protocols } from "../../src/protocols/index.ts";
import type { Open } from "../../src/protocols/protocol.ts";
import { catalog } from "../../src/providers/catalog.ts";
import { abilities, bend } from "../../src/providers/quirks.ts";

/** A step of a conversation, in no protocol's words. */
type Step =
  | { readonly type: "ask"; readonly text: string }
  | { readonly type: "show"; readonly text: string }
  | { readonly type: "remind"; readonly text: string }
  | { readonly type: "say"; readonly text: string }
  | { readonly type: "work"; readonly text: string; readonly calls: number };

const image = "iVBORw0KGgo=";
const schema = { type: "object", properties: { at: { type: "string", minLength: 1 } }, additionalProperties: false };

const callers: Record<ProtocolId, (steps: readonly Step[]) => Obj> = {
  chat: (steps) => ({
    messages: steps.flatMap(chatStep),
    tools: [{ type: "function", function: { name: "look", parameters: schema, strict: true } }],
    prompt_cache_key: "k",
  }),
  responses: (steps) => ({
    instructions: "Be brief.",
    input: steps.flatMap(responsesStep),
    tools: [
      { type: "function", name: "look", parameters: schema, strict: false },
      { type: "namespace", name: "ns", description: "n", tools: [{ type: "custom", name: "free" }] },
    ],
  }),
  messages: (steps) => ({
    max_tokens: 99,
    system: [{ type: "text", text: "Be brief.", cache_control: { type: "ephemeral", ttl: "1h" } }],
    messages: steps.flatMap(messagesStep),
    tools: [{ name: "look", input_schema: schema, strict: true }],
  }),
  gemini: (steps) => ({
    contents: steps.flatMap(geminiStep),
    tools: [{ functionDeclarations: [{ name: "look", parametersJsonSchema: schema }] }],
  }),
};

const many = (step: Step & { type: "work" }, at: number): string[] =>
  Array.from({ length: step.calls }, (_, n) => `c${at}_${n}`);

function chatStep(step: Step, at: number): Obj[] {
  switch (step.type) {
    case "ask":
      return [{ role: "user", content: step.text }];
    case "show": {
      const url = `data:image/png;base64,${image}`;
      return [
        {
          role: "user",
          content: [
            { type: "text", text: step.text },
            { type: "image_url", image_url: { url } },
          ],
        },
      ];
    }
    case "remind":
      return [{ role: "system", content: step.text }];
    case "say":
      return [{ role: "assistant", content: step.text }];
    case "work": {
      const ids = many(step, at);
      const calls = ids.map((id) => ({ id, type: "function", function: { name: "look", arguments: '{"at":"x"}' } }));
      const results = ids.map((id) => ({ role: "tool", tool_call_id: id, content: step.text }));
      return [{ role: "assistant", content: null, tool_calls: calls }, ...results];
    }
  }
}

function responsesStep(step: Step, at: number): Obj[] {
  switch (step.type) {
    case "ask":
      return [{ role: "user", content: step.text }];
    case "show": {
      const picture = { type: "input_image", image_url: `data:image/png;base64,${image}` };
      return [{ role: "user", content: [{ type: "input_text", text: step.text }, picture] }];
    }
    case "remind":
      return [{ role: "developer", content: step.text }];
    case "say":
      return [{ role: "assistant", content: step.text }];
    case "work":
      return many(step, at).flatMap((id) => [
        { type: "function_call", call_id: id, name: "look", arguments: '{"at":"x"}' },
        { type: "function_call_output", call_id: id, output: step.text },
      ]);
  }
}

function messagesStep(step: Step, at: number): Obj[] {
  switch (step.type) {
    case "ask":
      return [{ role: "user", content: [{ type: "text", text: step.text, cache_control: { type: "ephemeral" } }] }];
    case "show": {
      const source = { type: "base64", media_type: "image/png", data: image };
      return [
        {
          role: "user",
          content: [
            { type: "text", text: step.text },
            { type: "image", source },
          ],
        },
      ];
    }
    case "remind":
      return [{ role: "system", content: step.text }];
    case "say":
      return [{ role: "assistant", content: step.text }];
    case "work": {
      const ids = many(step, at);
      return [
        { role: "assistant", content: ids.map((id) => ({ type: "tool_use", id, name: "look", input: { at: "x" } })) },
        { role: "user", content: ids.map((id) => ({ type: "tool_result", tool_use_id: id, content: step.text })) },
      ];
    }
  }
}

function geminiStep(step: Step, at: number): Obj[] {
  switch (step.type) {
    case "ask":
    case "remind":
      return [{ role: "user", parts: [{ text: step.text }] }];
    case "show":
      return [{ role: "user", parts: [{ text: step.text }, { inlineData: { mimeType: "image/png", data: image } }] }];
    case "say":
      return [{ role: "model", parts: [{ text: step.text }] }];
    case "work": {
      const ids = many(step, at);
      const calls = ids.map((id) => ({ functionCall: { id, name: "look", args: { at: "x" } } }));
      const response = { output: step.text };
      const results = ids.map((id) => ({ functionResponse: { id, name: "look", response } }));
      return [
        { role: "model", parts: calls },
        { role: "user", parts: results },
      ];
    }
  }
}

const targets = {
  chat: { provider: "openai", model: "gpt-4.1", turns: "messages", content: "content" },
  responses: { provider: "openai", model: "gpt-5.6-sol", turns: "input", content: "content" },
  messages: { provider: "anthropic", model: "claude-opus-5-5", turns: "messages", content: "content" },
  gemini: { provider: "gemini", model: "gemini-3-pro", turns: "contents", content: "parts" },
} as const;

/** The body as the translate lane makes it. */
function translated(caller: ProtocolId, target: ProtocolId, steps: readonly Step[]): Obj {
  return encoded(
    protocols[caller].request.decode(bodyOf(caller, steps), () => undefined),
    target,
  );
}

/** The same of a Chat caller that brings back what the target thought before each call; an answer without calls has none. */
function translatedThoughts(target: ProtocolId, steps: readonly Step[]): Obj {
  const body = JSON.stringify(bodyOf("chat", steps)).replace(/"c(\d+)_0"/g, '"c$1_0_gbxr1T$1"');
  const open: Open = (token) => {
    const native = { protocol: target, value: btoa(token), kind: proofKinds[target], origin: "o" };
    return { type: "reasoning", summary: ["Hm."], native };
  };
  const losses: string[] = [];
  const asked = protocols.chat.request.decode(obj(JSON.parse(body)), open);
  const own = withOwnProofs(asked, { protocol: target, origin: "o" }, (field) => losses.push(field));
  expect(losses).toEqual([]);
  return encoded(own, target);
}

const proofKinds = { chat: "", responses: "", messages: "signature", gemini: "next" } as const;

function bodyOf(caller: ProtocolId, steps: readonly Step[]): Obj {
  return { model: "m", stream: true, ...callers[caller](steps) };
}

function encoded(asked: CanonRequest, target: ProtocolId): Obj {
  const { provider: id, model } = targets[target];
  const provider = catalog.find((each) => each.id === id);
  if (provider === undefined) throw new Error(`no provider ${id}`);
  const spoken = { provider, protocol: target, model };
  const lose = () => undefined;
  const flat = flatten(asked, abilities(spoken));
  const fitted = fitModel({ ...flat.request, model }, modelFacts(model), target, lose);
  const { request } = fitSchemas(fitMarks(fitted, target, lose), spoken, lose);
  return bend(protocols[target].request.encode(request, lose), spoken, lose);
}

/** What is told apart from the prompt: marks for its cache, which an older part loses when there are too many. */
function unmarked(value: unknown): string {
  return JSON.stringify(value, (key, member) => (key === "cache_control" ? undefined : member));
}

const text = fc.string({ minLength: 1 }).map((said) => `. ${said}`);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ type: fc.constantFrom("ask", "show", "remind", "say"), text }),
  fc.record({ type: fc.constant("work"), text, calls: fc.integer({ min: 1, max: 3 }) }),
);
const asked: fc.Arbitrary<Step> = fc.record({ type: fc.constant("ask"), text });
const ended: fc.Arbitrary<Step> = fc.oneof(
  asked,
  fc.record({ type: fc.constant("work"), text, calls: fc.constant(2) }),
);
/** As a caller sends them: it begins with the user, and ends with something to answer. */
const conversation = fc.tuple(asked, fc.array(step, { maxLength: 6 }), ended).map(([a, b, c]) => [a, ...b, c]);
const more = fc.tuple(fc.array(step, { maxLength: 4 }), ended).map(([a, b]) => [...a, b]);

/** They take one message of each side in a row, so that the user's next word goes into the user's last message. */
const merges: ReadonlySet<ProtocolId> = new Set(["messages", "gemini"]);

/** A message of one text may be written as that text alone: to the provider both are the same. */
function partsOf(content: unknown): string[] {
  if (typeof content === "string") return [content];
  return list(content).map((part) => {
    const { type, text, ...others } = obj(JSON.parse(unmarked(part)));
    const isText = (type === "text" || type === "input_text") && typeof text === "string";
    return isText && Object.keys(others).length === 0 ? text : unmarked(part);
  });
}

const ids = Object.keys(targets) as ProtocolId[];
const pairs = ids.flatMap((caller) => ids.map((target) => [caller, target] as const));

it.each(pairs)("from %s to %s", (caller, target) => {
  fc.assert(
    fc.property(conversation, more, (before, after) => {
      const [short, long] = [translated(caller, target, before), translated(caller, target, [...before, ...after])];
      expectGrown(caller, target, short, long);
    }),
    { numRuns: 60 },
  );
});

it.each(["responses", "messages", "gemini"] as const)("from chat to %s, with what it thought", (target) => {
  fc.assert(
    fc.property(conversation, more, (before, after) => {
      const [short, long] = [translatedThoughts(target, before), translatedThoughts(target, [...before, ...after])];
      expectGrown("chat", target, short, long);
      const worked = [...before, ...after].flatMap(({ type }, at) => (type === "work" ? [btoa(`gbxr1T${at}`)] : []));
      expect(worked.filter((proof) => !JSON.stringify(long).includes(`"${proof}"`))).toEqual([]);
    }),
    { numRuns: 60 },
  );
});

function expectGrown(caller: ProtocolId, target: ProtocolId, short: Obj, long: Obj): void {
  const { turns, content } = targets[target];
  expect(JSON.stringify(long.tools)).toBe(JSON.stringify(short.tools));
  for (const member of ["system", "systemInstruction", "instructions"]) {
    expect(unmarked(long[member])).toBe(unmarked(short[member]));
  }
  const [kept, grown] = [list(short[turns]), list(long[turns])];
  expect(kept.slice(0, -1).map(unmarked)).toEqual(grown.slice(0, kept.length - 1).map(unmarked));
  const [last, same] = [obj(kept.at(-1)), obj(grown[kept.length - 1])];
  if ((!merges.has(target) && !merges.has(caller)) || last[content] === undefined) {
    expect(unmarked(same)).toBe(unmarked(last));
    return;
  }
  expect(same.role).toBe(last.role);
  const parts = partsOf(last[content]);
  expect(parts.length).toBeGreaterThan(0);
  expect(partsOf(same[content]).slice(0, parts.length)).toEqual(parts);
}

it.each(pairs)("says the same thing twice, from %s to %s", (caller, target) => {
  fc.assert(
    fc.property(conversation, (steps) => {
      const [once, again] = [translated(caller, target, steps), translated(caller, target, steps)];
      expect(JSON.stringify(again)).toBe(JSON.stringify(once));
    }),
    { numRuns: 20 },
  );
});
