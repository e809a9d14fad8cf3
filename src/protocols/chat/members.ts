/** Members of wire objects: read with a fault that names them, and what is left of an object once they are read. */
import { flag, isObj, type Json, number, type Obj, text } from "../../canon/json.ts";
import { Fault, invalid } from "../../fault.ts";

/** Reads a member that may be absent; null says the same as absent, a wrong type is the caller's mistake. */
function reader<T>(known: (value: unknown) => T | undefined, what: string) {
  return (value: Json | undefined, path: string): T | undefined => {
    if (value === undefined || value === null) return undefined;
    const found = known(value);
    if (found === undefined) throw invalid(path, `it must be ${what}.`, "invalid_type");
    return found;
  };
}

export const readText = reader(text, "a string");
export const readNumber = reader(number, "a number");
export const readFlag = reader(flag, "true or false");
export const readObj = reader((value) => (isObj(value) ? value : undefined), "an object");
export const readList = reader((value): readonly Json[] | undefined => (isList(value) ? value : undefined), "an array");

/** The value, or the fault for a member that must be there. */
export function required<T>(value: T | undefined, path: string): T {
  if (value !== undefined) return value;
  throw new Fault("bad_request", `Missing required parameter: '${path}'.`, {
    param: path,
    code: "missing_required_parameter",
  });
}

/** The value, if it is one of these words. */
export function oneOf<T extends string>(words: readonly T[], value: string, path: string): T {
  const known = words.find((word) => word === value);
  if (known === undefined) throw invalid(path, `it must be one of ${words.join(", ")}.`);
  return known;
}

/** The members of an object that a codec reads, and those of the objects in it. */
export interface Shape {
  readonly [member: string]: true | Shape;
}

/**
 * What the shape does not know of the object, nested as it was; `undefined` when nothing is left. Canon has no null: one
 * in a known member goes along, so that it comes back, or is left out, where every leftover is reported.
 */
export function leftover(value: Obj, shape: Shape, withNulls = true): Obj | undefined {
  const left = Object.entries(value).flatMap(([member, content]): [string, Json][] => {
    if (content === undefined) return [];
    const known = Object.hasOwn(shape, member) ? shape[member] : undefined;
    if (known === undefined || (content === null && withNulls)) return [[member, content]];
    const nested = known !== true && isObj(content) ? leftover(content, known, withNulls) : undefined;
    return nested === undefined ? [] : [[member, nested]];
  });
  return left.length > 0 ? Object.fromEntries(left) : undefined;
}

/** The object with what was left over put back; where both have a member, the object's own stands. */
export function merge(value: Obj, left: Obj | undefined): Obj {
  if (left === undefined) return value;
  const merged = Object.entries(value).map(([member, content]): [string, Json | undefined] => {
    const other = Object.hasOwn(left, member) ? left[member] : undefined;
    return [member, isObj(content) && isObj(other) ? merge(content, other) : content];
  });
  return Object.fromEntries([...merged, ...Object.entries(left).filter(([member]) => !Object.hasOwn(value, member))]);
}

function isList(value: unknown): value is readonly Json[] {
  return Array.isArray(value);
}
