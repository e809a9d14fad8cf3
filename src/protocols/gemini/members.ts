/** Members of a caller's body, of the type they must have: anything else is a fault that names the path. */
import { isObj, type Json, type Obj } from "../../canon/json.ts";
import { invalid } from "../../fault.ts";

type Value = Json | undefined;

export function needText(value: Value, at: string): string {
  if (typeof value !== "string") throw invalid(at, "must be a string.");
  return value;
}

export function needObj(value: Value, at: string): Obj {
  if (!isObj(value)) throw invalid(at, "must be an object.");
  return value;
}

/** An array; Google takes a single object for an array of one. */
export function needList(value: Value, at: string): readonly Json[] {
  if (Array.isArray(value)) return value;
  if (isObj(value)) return [value];
  throw invalid(at, "must be an array.");
}

export function maybeText(value: Value, at: string): string | undefined {
  return value === undefined || value === null ? undefined : needText(value, at);
}

export function maybeObj(value: Value, at: string): Obj {
  return value === undefined || value === null ? {} : needObj(value, at);
}

export function maybeList(value: Value, at: string): readonly Json[] {
  return value === undefined || value === null ? [] : needList(value, at);
}

export function maybeNumber(value: Value, at: string): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "number") throw invalid(at, "must be a number.");
  return value;
}

export function maybeFlag(value: Value, at: string): boolean | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "boolean") throw invalid(at, "must be true or false.");
  return value;
}
