/** Where a caller wrote what canon calls by words of its own. Pure. */
import { isObj, type Json, list, type Obj } from "./json.ts";

/**
 * What the callers of a protocol call a field of canon. `[]` stands for an index, and in the caller's word for the next
 * of them, or with a number (`[3]`, from 1) for one; those without a place are left out. Of several words the one counts
 * that the caller wrote, else the first.
 */
export type Names = Readonly<Record<string, string | readonly string[]>>;

/**
 * A field in canon's words as a path in the caller's body, member for member as the caller spelt it:
 * `turns[3].blocks[0].detail` is `messages[3].content[0].image_url.detail` to a Chat caller. Where the body has no such
 * place, the path ends at the last that it has: a wrong index would be worse than none.
 */
export function placeOf(field: string, names: Names, body: Obj): string {
  if (field.startsWith("ext.")) {
    const member = field.slice("ext.".length);
    const { spelling, isThere } = spelt(member, body);
    return isThere ? spelling : member;
  }
  const [path = "", note] = cut(wholeAnswer(field, names, body), ":");
  const found = Object.keys(names)
    .map((name) => ({ name, match: pattern(name).exec(path) }))
    .filter(({ match }) => match !== null)
    .sort((one, other) => other.name.length - one.name.length)[0];
  const [said = "", ...indices] = found?.match ?? [];
  const words = [found === undefined ? "" : (names[found.name] ?? "")].flat();
  const places = words.map((word) => fill(word, indices) + path.slice(said.length));
  const place = places.find((each) => spelt(each, body).isThere) ?? places[0] ?? path;
  const { spelling, isThere } = spelt(place, body);
  const isCut = isThere || (/\[\d/.test(place) && spelling !== "");
  return `${isCut ? spelling : place}${note ?? ""}`;
}

/** Blocks of an answer of old have no index that is sure: reasoning and calls stand beside the content, or are gone. */
function wholeAnswer(field: string, names: Names, body: Obj): string {
  const [turn, index] = /^turns\[(\d+)\]/.exec(field) ?? [];
  if (turn === undefined || !field.startsWith(`${turn}.blocks[`)) return field;
  const entry = list(body[`${[names.turns ?? "turns"].flat()[0]}`])[Number(index)];
  return isObj(entry) && entry.role === "assistant" ? turn : field;
}

function cut(text: string, mark: string): [string, string?] {
  const at = text.indexOf(mark);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at)];
}

function pattern(name: string): RegExp {
  const escaped = name.replace(/[.[\]]/g, "\\$&").replaceAll("\\[\\]", "\\[(\\d+)\\]");
  return new RegExp(`^${escaped}(?=[.[]|$)`);
}

function fill(word: string, indices: readonly (string | undefined)[]): string {
  let next = 0;
  return word.replace(/\[(\d*)\]/g, (_, number: string) => {
    return `[${indices[number === "" ? next++ : Number(number) - 1] ?? 0}]`;
  });
}

/**
 * As much of the path as the body has, in its own spelling: Google takes every member in camelCase and snake_case. A list
 * without an index is every entry of it.
 */
function spelt(path: string, body: Obj): { readonly spelling: string; readonly isThere: boolean } {
  let values: readonly Json[] = [body];
  let spelling = "";
  for (const [, member, index] of path.matchAll(/\.?([^.[\]]+)|\[(\d+)\]/g)) {
    if (member === undefined) {
      values = values.flatMap((value) => list(value).slice(Number(index), Number(index) + 1));
      spelling = values.length === 0 ? spelling : `${spelling}[${index}]`;
    } else {
      const holders = values.flatMap((value) => (isObj(value) ? [value] : list(value).filter(isObj)));
      const name = [member, snakeCase(member)].find((each) => holders.some((holder) => Object.hasOwn(holder, each)));
      values = name === undefined ? [] : holders.map((holder) => holder[name] ?? null);
      spelling = name === undefined ? spelling : `${spelling}${spelling === "" ? "" : "."}${name}`;
    }
    if (values.length === 0) return { spelling, isThere: false };
  }
  return { spelling, isThere: true };
}

function snakeCase(member: string): string {
  return member.replace(/[A-Z]/g, (capital) => `_${capital.toLowerCase()}`);
}
