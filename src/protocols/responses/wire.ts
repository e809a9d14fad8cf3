/** Reading the JSON of the Responses API: what every codec of this folder needs of a member, and the faults it throws. */
import { flag, isObj, type Json, number, type Obj, text } from "../../canon/json.ts";
import type { Ext } from "../../canon/request.ts";
import { Fault, invalid } from "../../fault.ts";

/** A member's place in the caller's body. */
export function at(path: string, member: string): string {
  return path === "" ? member : `${path}.${member}`;
}

const readers = {
  string: text,
  number,
  boolean: flag,
  object: (value: unknown): Obj | undefined => (isObj(value) ? value : undefined),
  array: (value: unknown): readonly Json[] | undefined => (Array.isArray(value) ? value : undefined),
} as const;

type Kind = keyof typeof readers;
type Read<K extends Kind> = NonNullable<ReturnType<(typeof readers)[K]>>;

/** The member, or `undefined` where it is absent or null. Throws a fault for one of another type. */
export function maybe<K extends Kind>(value: Obj, member: string, kind: K, path = ""): Read<K> | undefined {
  const found = value[member];
  if (found === undefined || found === null) return undefined;
  const read = readers[kind](found);
  if (read === undefined) throw invalid(at(path, member), `expected ${article[kind]}.`, "invalid_type");
  // The readers' union cannot be narrowed by its own key.
  return read as Read<K>;
}

const article = {
  string: "a string",
  number: "a number",
  boolean: "a boolean",
  object: "an object",
  array: "an array",
} as const satisfies Record<Kind, string>;

/** The member; throws a fault where it is missing or of another type. */
export function need<K extends Kind>(value: Obj, member: string, kind: K, path = ""): Read<K> {
  const read = maybe(value, member, kind, path);
  if (read === undefined) throw missing(at(path, member));
  return read;
}

/** One of some words, or `undefined` where it is absent or null. */
export function word<W extends string>(value: Obj, member: string, words: readonly W[], path = ""): W | undefined {
  const given = maybe(value, member, "string", path);
  if (given === undefined) return undefined;
  const known = words.find((each) => each === given);
  if (known === undefined) throw invalid(at(path, member), `'${given}' is none of ${words.join(", ")}.`);
  return known;
}

export function missing(param: string): Fault {
  return new Fault("bad_request", `Missing required parameter: '${param}'.`, {
    param,
    code: "missing_required_parameter",
  });
}

/** An element of an array that must be an object. */
export function element(value: Json, path: string): Obj {
  if (!isObj(value)) throw invalid(path, "expected an object.", "invalid_type");
  return value;
}

/** The members that canon does not hold: those it has no word for, and known ones that are null, which is not absent. */
export function spare(value: Obj, known: ReadonlySet<string>): Obj | undefined {
  const kept = Object.entries(value).filter(([member, each]) => !known.has(member) || each === null);
  return kept.length > 0 ? Object.fromEntries(kept) : undefined;
}

/** Members of our own as an `ext`; nothing where there are none. */
export function extOf(members: Obj | undefined): { readonly ext?: Ext } {
  return members === undefined ? {} : { ext: { responses: members } };
}

/** Our own members of a block, tool or turn, where it has any. */
export function ownOf(holder: { readonly ext?: Ext }): Obj {
  return holder.ext?.responses ?? {};
}
