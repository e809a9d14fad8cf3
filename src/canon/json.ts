/** Values as they come off a wire. Everything read from outside is one of these until a codec has looked at it. */
export type Json = string | number | boolean | null | readonly Json[] | Obj;

export interface Obj {
  readonly [member: string]: Json | undefined;
}

/** Is it a JSON object: neither null nor an array? */
export function isObj(value: unknown): value is Obj {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The object, or an empty one: for optional members that are read through. */
export function obj(value: unknown): Obj {
  return isObj(value) ? value : {};
}

/** The array, or an empty one. */
export function list(value: unknown): readonly Json[] {
  return Array.isArray(value) ? value : [];
}

/** The string, or `undefined`; the empty string survives. */
export function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** The finite number, or `undefined`; zero survives. */
export function number(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}

/** The boolean, or `undefined`; false survives. */
export function flag(value: unknown): boolean | undefined {
  return typeof value === "boolean" ? value : undefined;
}

/** A copy without the members that are undefined, as `JSON.stringify` would print it. */
export function defined<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  const known = Object.entries(value).filter(([, member]) => member !== undefined);
  // The cast says what the filter did: no type of the standard library can.
  return Object.fromEntries(known) as { [K in keyof T]: Exclude<T[K], undefined> };
}

/** The members of `value` that `known` does not name, or `undefined` when there are none. */
export function rest(value: Obj, known: ReadonlySet<string>): Obj | undefined {
  const unknown = Object.entries(value).filter(([member]) => !known.has(member));
  return unknown.length > 0 ? Object.fromEntries(unknown) : undefined;
}
