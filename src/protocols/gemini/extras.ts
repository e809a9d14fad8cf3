/** Two readings of one JSON object laid over each other: what canon says, and what only Gemini knows of it. */
import { isObj, type Obj } from "../../canon/json.ts";
import type { Ext } from "../../canon/request.ts";

/** `base` with the members of `extra`; objects are merged member by member, anything else of `extra` counts. */
export function merge(base: Obj, extra: Obj | undefined): Obj {
  if (extra === undefined) return base;
  const merged: Record<string, Obj[string]> = { ...base };
  for (const [name, member] of Object.entries(extra)) {
    const below = merged[name];
    merged[name] = isObj(below) && isObj(member) ? merge(below, member) : member;
  }
  return merged;
}

/** The members for `ext`; absent where there are none. */
export function ext(members: Obj | undefined): { readonly ext?: Ext } {
  return members === undefined || Object.keys(members).length === 0 ? {} : { ext: { gemini: members } };
}

/** The member with this name, where there is something in it. */
export function under(name: string, members: Obj | undefined): Obj | undefined {
  return members === undefined || Object.keys(members).length === 0 ? undefined : { [name]: members };
}
