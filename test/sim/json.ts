// Reading JSON whose shape is not known yet.

export type Obj = Record<string, unknown>;

export function isObj(value: unknown): value is Obj {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The value if it is an object, otherwise an empty one. */
export function obj(value: unknown): Obj {
  return isObj(value) ? value : {};
}

/** The objects in a list; anything else in it is left out. */
export function objects(value: unknown): Obj[] {
  return Array.isArray(value) ? value.filter(isObj) : [];
}

/** The value if it is a string, otherwise the empty string. */
export function str(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** Parses, or answers undefined: a request is judged by what it says, not by an exception. */
export function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Whether a text is base64 (standard or URL-safe alphabet), as signatures and inline data have to be. */
export function isBase64(text: string): boolean {
  return /^[A-Za-z0-9+/_-]+={0,2}$/.test(text);
}
