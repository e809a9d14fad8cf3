/**
 * Schemas as Gemini takes them, and its older dialect (a subset of OpenAPI, in `parameters` and `responseSchema`) as
 * JSON Schema. That we only read: what we send is JSON Schema, in `parametersJsonSchema` and `responseJsonSchema`.
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
  if (name === "type") {
    return typeof value === "number" ? (types[value] ?? value) : typeof value === "string" ? lower(value) : value;
  }
  if (counts.has(name) && typeof value === "string" && /^\d+$/.test(value)) return Number(value);
  return inside(name, value, toJsonSchema);
}

function lower(type: string): string {
  const plain = type.toLowerCase();
  return types.some((known) => known === plain) ? plain : type;
}

/** The same schema without `const`, which Gemini does not know: an `enum` of the one value says it (wire.md C.6.1). */
export function withoutConst(schema: Obj): Obj {
  const { const: only, ...others } = schema;
  const entries = Object.entries(others).map(([name, value]) => [name, inside(name, value, withoutConst)] as const);
  return { ...Object.fromEntries(entries), ...(only !== undefined && { enum: [only] }) };
}

/** Keywords that hold a schema, or a list of schemas. */
const holders = new Set([
  ...["items", "additionalItems", "unevaluatedItems", "prefixItems", "contains"],
  ...["additionalProperties", "unevaluatedProperties", "propertyNames"],
  ...["anyOf", "oneOf", "allOf", "not", "if", "then", "else"],
]);

/** Keywords that hold schemas by names of the caller's. */
const maps = new Set(["properties", "patternProperties", "$defs", "definitions", "dependentSchemas", "dependencies"]);

/** The keyword's value with this change made in the schemas that stand directly in it. */
function inside(keyword: string, value: Json | undefined, change: (schema: Obj) => Obj): Json | undefined {
  const changed = (each: Json): Json => (isObj(each) ? change(each) : each);
  if (maps.has(keyword) && isObj(value)) {
    const entries = Object.entries(value).map(([name, each]) => [name, each === undefined ? each : changed(each)]);
    return Object.fromEntries(entries);
  }
  if (!holders.has(keyword) || value === undefined) return value;
  return Array.isArray(value) ? value.map(changed) : changed(value);
}
