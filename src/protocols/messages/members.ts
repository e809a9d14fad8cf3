/** The members of a caller's body: their types, with faults that name the wrong one by its path in the caller's words. */
import { isObj, type Json, type Obj } from "../../canon/json.ts";
import { invalid } from "../../fault.ts";

type Kind = "string" | "number" | "boolean" | "object" | "array";

/** What the members of an object have to be; those with a question mark may be absent or null. */
export interface Shape {
  readonly [member: string]: Kind | `${Kind}?`;
}

const words = {
  string: "a string",
  number: "a number",
  boolean: "a boolean",
  object: "an object",
  array: "an array",
} as const satisfies Record<Kind, string>;

/** Throws a fault for the first member that is not what the shape says. */
export function check(value: Obj, shape: Shape, path: string): void {
  for (const [member, wanted] of Object.entries(shape)) {
    const optional = wanted.endsWith("?");
    const found = value[member];
    if (found === undefined || found === null) {
      if (optional) continue;
      throw invalid(at(path, member), "it is required.", "missing_required_parameter");
    }
    const kind = kinds.find((each) => wanted.startsWith(each)) ?? "object";
    if (kindOf(found) !== kind) throw invalid(at(path, member), `${words[kind]} is expected.`, "invalid_type");
  }
}

/** The object at this place of an array, or a fault. */
export function element(value: Json, path: string): Obj {
  if (isObj(value)) return value;
  throw invalid(path, "an object is expected.", "invalid_type");
}

/** The path of a member, from the path of the object that has it. */
function at(path: string, member: string): string {
  return path === "" ? member : `${path}.${member}`;
}

/**
 * What a codec does not carry over in canon's words: unknown members, and known ones that are null, which say nothing
 * to anybody but must come back.
 */
export function extra(value: Obj, known: ReadonlySet<string>): Obj | undefined {
  const unknown = Object.entries(value).filter(([member, found]) => !known.has(member) || found === null);
  return unknown.length > 0 ? Object.fromEntries(unknown) : undefined;
}

/** The object without the nulls that fill a provider's frames. */
export function withoutNull(value: Obj): Obj {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== null));
}

const kinds = ["string", "number", "boolean", "object", "array"] as const satisfies readonly Kind[];

function kindOf(value: Json): string {
  return Array.isArray(value) ? "array" : typeof value;
}
