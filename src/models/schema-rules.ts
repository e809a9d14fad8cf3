/**
 * What each provider's strict mode makes of each keyword of JSON Schema (wire.md C.6.1). Where a provider is not asked
 * to be strict it takes any schema and promises nothing, so that the loose modes need no column here.
 */
import { isObj, type Json, list, type Obj, text } from "../canon/json.ts";

export type Dialect = "openai" | "anthropic" | "gemini";

/**
 * `enforced`: sent, and kept to by the provider. `sent`: sent, but not surely kept to. `described`: taken out and told
 * in the description. `anyOf`, `enum`: said by that keyword. `dropped`: taken out, as it asks for nothing. `closed`: said
 * for a caller who left it out. `loose`: the strict mode cannot have it, nor can anything stand in for it.
 */
export type Fate = "enforced" | "sent" | "described" | "anyOf" | "enum" | "dropped" | "closed" | "loose";

const column = { openai: 0, anthropic: 1, gemini: 2 } as const satisfies Record<Dialect, number>;

const keywords = {
  type: ["enforced", "enforced", "enforced"],
  enum: ["enforced", "enforced", "enforced"],
  const: ["enforced", "enforced", "enum"],
  properties: ["enforced", "enforced", "enforced"],
  required: ["enforced", "enforced", "enforced"],
  additionalProperties: ["enforced", "enforced", "enforced"],
  items: ["enforced", "enforced", "enforced"],
  anyOf: ["enforced", "enforced", "enforced"],
  oneOf: ["anyOf", "anyOf", "sent"],
  allOf: ["described", "sent", "sent"],
  not: ["described", "described", "sent"],
  if: ["described", "described", "sent"],
  // biome-ignore lint/suspicious/noThenProperty: it is a keyword of JSON Schema.
  then: ["described", "described", "sent"],
  else: ["described", "described", "sent"],
  $ref: ["enforced", "enforced", "enforced"],
  $defs: ["enforced", "enforced", "enforced"],
  definitions: ["enforced", "enforced", "enforced"],
  minimum: ["enforced", "described", "enforced"],
  maximum: ["enforced", "described", "enforced"],
  exclusiveMinimum: ["enforced", "described", "sent"],
  exclusiveMaximum: ["enforced", "described", "sent"],
  multipleOf: ["enforced", "described", "sent"],
  minLength: ["described", "described", "sent"],
  maxLength: ["described", "described", "sent"],
  pattern: ["enforced", "described", "sent"],
  format: ["enforced", "enforced", "enforced"],
  minItems: ["enforced", "enforced", "enforced"],
  maxItems: ["enforced", "described", "enforced"],
  prefixItems: ["loose", "loose", "enforced"],
  additionalItems: ["described", "described", "sent"],
  patternProperties: ["loose", "loose", "sent"],
  propertyNames: ["described", "described", "sent"],
  minProperties: ["described", "described", "sent"],
  maxProperties: ["described", "described", "sent"],
  uniqueItems: ["described", "described", "sent"],
  contains: ["described", "described", "sent"],
  minContains: ["described", "described", "sent"],
  maxContains: ["described", "described", "sent"],
  dependentRequired: ["described", "described", "sent"],
  dependentSchemas: ["described", "described", "sent"],
  dependencies: ["described", "described", "sent"],
  unevaluatedItems: ["described", "described", "sent"],
  unevaluatedProperties: ["described", "described", "sent"],
  $anchor: ["loose", "loose", "sent"],
  $dynamicAnchor: ["loose", "loose", "sent"],
  $dynamicRef: ["loose", "loose", "sent"],
  $recursiveAnchor: ["loose", "loose", "sent"],
  $recursiveRef: ["loose", "loose", "sent"],
} as const satisfies Record<string, readonly [openai: Fate, anthropic: Fate, gemini: Fate]>;

/** Keywords that ask nothing of the answer. Any other that is not in the table says something to people. */
const silent: ReadonlySet<string> = new Set(["$schema", "$id", "$comment", "$vocabulary"]);
const spoken: ReadonlySet<string> = new Set(["title", "description"]);

/** Where schemas stand inside a schema. */
export const places = {
  properties: "map",
  patternProperties: "map",
  $defs: "map",
  definitions: "map",
  dependentSchemas: "map",
  anyOf: "list",
  oneOf: "list",
  allOf: "list",
  prefixItems: "list",
  items: "schema",
  additionalItems: "schema",
  additionalProperties: "schema",
  unevaluatedItems: "schema",
  unevaluatedProperties: "schema",
  propertyNames: "schema",
  contains: "schema",
  not: "schema",
  if: "schema",
  // biome-ignore lint/suspicious/noThenProperty: it is a keyword of JSON Schema.
  then: "schema",
  else: "schema",
} as const satisfies { readonly [keyword in keyof typeof keywords]?: "schema" | "list" | "map" };

const openaiFormats = ["date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"] as const;

const formats: Readonly<Record<Dialect, readonly string[]>> = {
  openai: openaiFormats,
  anthropic: [...openaiFormats, "uri"],
  gemini: ["enum", "date-time"],
};

/** Does the keyword decide which answers are right? */
export function asserts(keyword: string): boolean {
  return Object.hasOwn(keywords, keyword);
}

/** What becomes of one keyword of a schema. */
export function fateOf(keyword: string, value: Json | undefined, schema: Obj, dialect: Dialect): Fate {
  if (silent.has(keyword)) return "dropped";
  const isFixed = dialect !== "gemini";
  // Both strict modes take a reference alone.
  if (isFixed && schema.$ref !== undefined && !besideRef.has(keyword)) return "dropped";
  if (spoken.has(keyword)) return "enforced";
  if (!isKeyword(keyword)) return isFixed ? "described" : "sent";
  const usual = keywords[keyword][column[dialect]];
  switch (keyword) {
    case "additionalProperties":
      return isFixed && value !== false ? "loose" : usual;
    case "items":
      return isFixed && Array.isArray(value) ? "loose" : usual;
    case "oneOf":
      return usual === "anyOf" && schema.anyOf !== undefined ? "described" : usual;
    case "enum":
      return dialect === "anthropic" && !list(value).every(isPlain) ? "described" : usual;
    case "const":
      return dialect === "anthropic" && !isPlain(value) ? "described" : usual;
    case "format":
      return formats[dialect].includes(text(value) ?? "") ? usual : "described";
    case "minItems":
      return dialect === "anthropic" && value !== 0 && value !== 1 ? "described" : usual;
    case "pattern":
      return dialect === "openai" && /\(\?<?[=!]/.test(text(value) ?? "") ? "described" : usual;
    default:
      return usual;
  }
}

/** The keywords that a strict mode wants in this schema and that are not there. */
export function lacking(schema: Obj, dialect: Dialect): string[] {
  if (dialect === "gemini" || schema.$ref !== undefined) return [];
  const lacks: string[] = [];
  const isTyped = typing.some((keyword) => schema[keyword] !== undefined);
  if (!isTyped) lacks.push("type");
  if (isObject(schema) && schema.additionalProperties === undefined) lacks.push("additionalProperties");
  const required = list(schema.required);
  const names = isObj(schema.properties) ? Object.keys(schema.properties) : [];
  if (dialect === "openai" && names.some((name) => !required.includes(name))) lacks.push("required");
  return lacks;
}

const besideRef: ReadonlySet<string> = new Set(["$ref", "$defs", "definitions"]);
const typing = ["type", "enum", "const", "anyOf", "oneOf", "allOf"] as const;

function isObject({ type, properties }: Obj): boolean {
  return type === "object" || list(type).includes("object") || (type === undefined && properties !== undefined);
}

function isPlain(value: Json | undefined): boolean {
  return value === null || typeof value !== "object";
}

function isKeyword(keyword: string): keyword is keyof typeof keywords {
  return Object.hasOwn(keywords, keyword);
}
