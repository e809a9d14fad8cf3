/**
 * Gemini's older schema dialect (a subset of OpenAPI, in `parameters` and `responseSchema`) as JSON Schema. We only read
 * it: what we send is JSON Schema, in `parametersJsonSchema` and `responseJsonSchema`.
 */
import { isObj, type Json, type Obj } from "../../canon/json.ts";

/** Types by their number, for callers that print enums as integers. */
const types = ["", "string", "number", "integer", "boolean", "array", "object", "null"] as const;

/** Counts that proto-JSON may print as strings. */
const counts = new Set(["minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties"]);

/** The same schema with JSON Schema's words; keywords of neither stay as they are. */
export function toJsonSchema(schema: Obj): Obj {
  const { nullable, ...others } = schema;
  const entries = Object.entries(others).map(([name, value]) => [name, keyword(name, value)] as const);
  const plain = Object.fromEntries(entries);
  if (nullable !== true) return nullable === undefined ? plain : { ...plain, nullable };
  return typeof plain.type === "string" ? { ...plain, type: [plain.type, "null"] } : { ...plain, nullable };
}

function keyword(name: string, value: Json | undefined): Json | undefined {
  switch (name) {
    case "type":
      return typeof value === "number" ? (types[value] ?? value) : typeof value === "string" ? lower(value) : value;
    case "items":
    case "additionalProperties":
      return isObj(value) ? toJsonSchema(value) : value;
    case "properties":
    case "$defs":
      return isObj(value) ? each(value) : value;
    case "anyOf":
    case "oneOf":
    case "allOf":
    case "prefixItems":
      return Array.isArray(value) ? value.map((inner) => (isObj(inner) ? toJsonSchema(inner) : inner)) : value;
    default:
      return counts.has(name) && typeof value === "string" && /^\d+$/.test(value) ? Number(value) : value;
  }
}

function each(schemas: Obj): Obj {
  const entries = Object.entries(schemas);
  return Object.fromEntries(entries.map(([name, inner]) => [name, isObj(inner) ? toJsonSchema(inner) : inner]));
}

function lower(type: string): string {
  const plain = type.toLowerCase();
  return types.some((known) => known === plain) ? plain : type;
}
