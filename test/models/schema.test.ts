/** Schemas on their way to a strict mode: what is kept, told, checked, sent loosely or refused. */
import { transformJSONSchema } from "@anthropic-ai/sdk/lib/transform-json-schema";
import { describe, expect, it } from "vitest";
import type { Obj } from "../../src/canon/json.ts";
import type { CanonRequest, FunctionTool, ProtocolId } from "../../src/canon/request.ts";
import { Fault } from "../../src/fault.ts";
import { fitSchemas } from "../../src/models/schema.ts";
import { survey } from "../../src/models/schema-survey.ts";

const openai = { protocol: "responses", provider: { id: "openai" } } as const;
const anthropic = { protocol: "messages", provider: { id: "anthropic" } } as const;
const gemini = { protocol: "gemini", provider: { id: "gemini" } } as const;
const unheard = { protocol: "chat", provider: { id: "vllm" } } as const;

type Target = { readonly protocol: ProtocolId; readonly provider: { readonly id: string } };

function fitted(target: Target, request: Partial<CanonRequest>) {
  const lost: string[] = [];
  const whole: CanonRequest = { model: "m", stream: true, turns: [], ...request };
  const fit = fitSchemas(whole, target, (field, change = "dropped") => lost.push(`${field}=${change}`));
  return { ...fit, lost };
}

function answer(target: Target, schema: Obj, strict: boolean | "unsaid" = true, more: Partial<CanonRequest> = {}) {
  const format = { type: "schema", schema, ...(strict !== "unsaid" && { strict }) } as const;
  const fit = fitted(target, { format, ...more });
  const said = fit.request.format;
  if (said?.type !== "schema") throw new Error("the format is gone");
  return { ...fit, schema: said.schema, strict: said.strict };
}

function tool(target: Target, schema: Obj, strict = true) {
  const fit = fitted(target, { tools: [{ type: "function", name: "look", schema, strict }] });
  return { ...fit, tool: fit.request.tools?.[0] as FunctionTool };
}

function refusal(ask: () => unknown): Fault {
  try {
    ask();
  } catch (thrown) {
    if (thrown instanceof Fault) return thrown;
  }
  throw new Error("it was not refused");
}

const object = (properties: Obj, more: Obj = {}): Obj => ({
  type: "object",
  properties,
  required: Object.keys(properties),
  additionalProperties: false,
  ...more,
});
const name = object({ name: { type: "string", description: "A name.", minLength: 3 } });
const told = { type: "string", description: "A name.\n\nKeep to: minLength 3." };

describe("a schema that the target can keep to", () => {
  it("goes as it is, and nothing is left to check", () => {
    const plain = object({ at: { type: ["string", "null"], format: "date-time" }, kind: { enum: ["a", "b"] } });
    for (const target of [openai, anthropic, gemini]) {
      expect(answer(target, plain)).toMatchObject({ schema: plain, lost: [] });
      expect(answer(target, plain).promised).toBeUndefined();
    }
    expect(answer(openai, plain).strict).toBe(true);
    expect(tool(anthropic, plain)).toMatchObject({ tool: { strict: true, schema: plain }, lost: [] });
  });

  it("is not touched where no strictness was asked", () => {
    const loose = { type: "object", oneOf: [{ not: {} }], properties: { a: { $ref: "http://elsewhere" } } };
    for (const target of [openai, anthropic, gemini, unheard]) {
      expect(tool(target, loose, false)).toMatchObject({ tool: { schema: loose, strict: false }, lost: [] });
      expect(tool(target, loose, false).promised).toBeUndefined();
    }
    for (const target of [openai, gemini, unheard]) {
      expect(answer(target, loose, "unsaid")).toMatchObject({ schema: loose, lost: [] });
      expect(answer(target, loose, false)).toMatchObject({ schema: loose, strict: false, lost: [] });
    }
  });
});

describe("keywords that a strict mode refuses", () => {
  it("are told in the description, reported and checked", () => {
    const fit = tool(anthropic, name);
    expect(fit.tool).toMatchObject({ strict: true, schema: object({ name: told }) });
    expect(fit.lost).toEqual(["tools[0].schema: minLength=described"]);
    expect(fit.promised?.calls.get("look")).toBe(name);
    expect(answer(openai, name)).toMatchObject({
      schema: object({ name: told }),
      strict: true,
      lost: ["format.schema: minLength=described"],
      promised: { answer: name },
    });
  });

  it("leave what Anthropic's own SDK leaves", () => {
    const schema = object({
      n: { type: "integer", minimum: 1, multipleOf: 2 },
      list: { type: "array", items: { type: "string", pattern: "^a" }, minItems: 2, maxItems: 9 },
      one: { type: "array", items: { enum: [1, null] }, minItems: 1 },
      when: { type: "string", format: "date-time" },
      at: { type: "string", format: "uri-template" },
      any: { oneOf: [{ type: "string" }, { type: "null" }] },
      def: { $ref: "#/$defs/d" },
    });
    const defs = { ...schema, $defs: { d: { type: "boolean", default: true } } };
    const withoutTold = (value: unknown): unknown =>
      JSON.parse(JSON.stringify(value, (key, member) => (key === "description" ? undefined : member)));
    expect(withoutTold(answer(anthropic, defs).schema)).toEqual(withoutTold(transformJSONSchema(defs)));
  });

  it("are said by another one where there is one", () => {
    const choice = object({ a: { oneOf: [{ type: "number" }, { type: "integer" }] } });
    expect(answer(openai, choice)).toMatchObject({
      schema: object({ a: { anyOf: [{ type: "number" }, { type: "integer" }] } }),
      lost: ["format.schema: oneOf=anyOf"],
      promised: { answer: choice },
    });
    const fixed = object({ a: { const: "x" } });
    const fit = answer(gemini, fixed);
    expect(fit).toMatchObject({ schema: object({ a: { enum: ["x"] } }), lost: [] });
    expect(fit.promised).toBeUndefined();
  });

  it("are reported once each, with the strict header as refusals", () => {
    const twice = object({ a: { type: "string", minLength: 1 }, b: { type: "string", minLength: 2 } });
    expect(answer(anthropic, twice).lost).toEqual(["format.schema: minLength=described"]);
  });
});

describe("a schema that a strict mode cannot have", () => {
  const open = { type: "object", properties: { a: { type: "string" } }, required: ["a"] };
  const optional = { type: "object", properties: { a: { type: "string" } }, additionalProperties: false };
  const tree = object(
    { root: { $ref: "#/$defs/node" } },
    { $defs: { node: object({ children: { type: "array", items: { $ref: "#/$defs/node" } } }) } },
  );

  it("is sent loosely and checked, where it can be", () => {
    for (const [target, schema] of [
      [openai, optional],
      [openai, open],
      [anthropic, tree],
      [openai, { ...name, anyOf: [name] }],
    ] as const) {
      expect(tool(target, schema)).toMatchObject({
        tool: { strict: false, schema },
        lost: ["tools[0].strict=checked"],
      });
      expect(tool(target, schema).promised?.calls.get("look")).toBe(schema);
    }
    expect(answer(openai, optional)).toMatchObject({
      strict: false,
      schema: optional,
      lost: ["format.strict=checked"],
    });
    expect(tool(anthropic, optional)).toMatchObject({ tool: { strict: true }, lost: [] });
    expect(answer(openai, tree)).toMatchObject({ strict: true, lost: [] });
  });

  it("is refused with the field and the keyword where Anthropic would keep to it", () => {
    const faults = {
      additionalProperties: refusal(() => answer(anthropic, open)),
      $ref: refusal(() => answer(anthropic, tree)),
      patternProperties: refusal(() => answer(anthropic, { ...name, patternProperties: { "^x": {} } })),
    };
    for (const [keyword, fault] of Object.entries(faults)) {
      expect(fault).toMatchObject({ kind: "unsupported", status: 400, param: "format.schema" });
      expect(fault.message).toContain(`'${keyword}'`);
    }
  });

  it("is refused everywhere where nobody could keep to it", () => {
    const elsewhere = object({ a: { $ref: "https://example.com/s.json" } });
    const nowhere = object({ a: { $ref: "#/$defs/none" } });
    const risky = object({ a: { type: "string", pattern: "^(a+)+$" } });
    for (const target of [openai, anthropic, gemini, unheard]) {
      expect(refusal(() => tool(target, elsewhere)).message).toContain("'$ref' at '/properties/a'");
      expect(refusal(() => answer(target, nowhere)).param).toBe("format.schema");
    }
    for (const target of [anthropic, gemini, unheard]) {
      expect(refusal(() => answer(target, risky)).message).toContain("too long to run");
    }
    // Here the provider runs it.
    expect(answer(openai, risky)).toMatchObject({ schema: risky, strict: true, lost: [] });
  });
});

describe("an answer's schema at Anthropic, which keeps to every one", () => {
  const open = { type: "object", properties: { a: { type: "object", properties: {} } } };

  it("is closed for callers who did not ask for strictness", () => {
    const fit = answer(anthropic, open, "unsaid");
    expect(fit.lost).toEqual(["format.schema: additionalProperties=false"]);
    expect(fit.promised).toBeUndefined();
    expect(fit.schema).toEqual({
      type: "object",
      properties: { a: { type: "object", properties: {}, additionalProperties: false } },
      additionalProperties: false,
    });
  });

  it("is refused where closing would leave nothing to say", () => {
    const map = { type: "object", additionalProperties: { type: "string" } };
    expect(refusal(() => answer(anthropic, map, "unsaid")).message).toContain("'additionalProperties' at ''");
  });

  it("counts as strict elsewhere, for a caller of Anthropic's protocol", () => {
    const fit = answer(openai, name, "unsaid", { ext: { messages: {} } });
    expect(fit).toMatchObject({ strict: true, promised: { answer: name } });
  });
});

it("leaves nothing to Gemini's and to unknown servers' word", () => {
  const plain = object({ a: { type: "string" } });
  const said = tool(gemini, plain);
  expect(said).toMatchObject({ tool: { schema: plain }, lost: ["tools[0].strict=checked"] });
  expect(said.tool).not.toHaveProperty("strict");
  expect(said.promised?.calls.get("look")).toBe(plain);
  expect(answer(gemini, object({ a: { type: "string", pattern: "^a" } })).promised?.answer).toBeDefined();
  expect(tool(unheard, plain)).toMatchObject({
    tool: { schema: plain, strict: true },
    lost: [],
  });
  expect(answer(unheard, plain)).toMatchObject({ strict: true, lost: [], promised: { answer: plain } });
});

describe("the survey", () => {
  it("knows recursion from repetition", () => {
    const twice = object({ a: { $ref: "#/$defs/x" }, b: { $ref: "#/$defs/x" } }, { $defs: { x: { type: "string" } } });
    expect(survey(twice)).toEqual({ isRecursive: false });
    expect(survey({ type: "object", properties: { a: { $ref: "#" } } }).isRecursive).toBe(true);
    expect(survey({ $defs: { "a/b c": {} }, $ref: "#/$defs/a~1b%20c" })).toEqual({ isRecursive: false });
  });

  it("tells patterns that may take long from those that cannot", () => {
    const risk = (pattern: string) => survey({ pattern }).risk?.why;
    for (const fine of ["^[a-z]+-[0-9]+$", "^\\d{4}(-\\d{2}){2}$", "^(a|b)?c$", "[)(*+]", "^\\(+$", "^(?:x)y*"]) {
      expect(risk(fine), fine).toBeUndefined();
    }
    for (const bad of ["(a*)*", "(a|a)+", "^(\\w+\\s?)*$", "((a+))+", "(?:a{1,9}){2,}", "(.)\\1", "a*b*c*d*"]) {
      expect(risk(bad), bad).toContain("too long");
    }
    expect(risk("(")).toContain("no regular expression");
  });

  it("ends on a schema as deep as one likes", () => {
    let deep: Obj = { type: "string" };
    for (let level = 0; level < 5000; level++) deep = { type: "array", items: deep };
    expect(survey(deep).flaw?.why).toContain("levels");
  });
});
