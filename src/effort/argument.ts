/** A member of a tool call's arguments, read to a bound: from an object, from its JSON text, or from JavaScript. */
import { isObj, type Json, text } from "../canon/json.ts";

/** Characters of a command or a path that are read: what they do stands at their head. */
export const bound = 160;

/** The head of the first of these string members that is there. Of a list (`["bash", "-lc", "ls"]`) the last entry. */
export function argument(input: Json | undefined, names: readonly string[]): string | undefined {
  for (const name of names) {
    const value = typeof input === "string" ? memberOf(input, name) : isObj(input) ? head(input[name]) : undefined;
    if (value !== undefined) return value;
  }
  return undefined;
}

function head(value: Json | undefined): string | undefined {
  return text(Array.isArray(value) ? value.at(-1) : value)?.slice(0, bound);
}

/** Nothing is parsed but the member: what stands around it may be long, or cut off. Escapes make it longer, so twice. */
function memberOf(input: string, name: string): string | undefined {
  const at = valueStart(input, name);
  if (at === undefined) return undefined;
  if (input[at] === "[") return lastEntry(input.slice(at, at + 2 * bound));
  return quoted(input, at);
}

/** Behind the colon of `"name":` or `name:`. */
function valueStart(input: string, name: string): number | undefined {
  let at = input.indexOf(name);
  for (; at >= 0; at = input.indexOf(name, at + 1)) {
    if (at === 0 || !before.includes(input[at - 1] ?? "")) continue;
    let next = at + name.length;
    if (input[next] === input[at - 1] && input[next] !== " ") next++;
    while (input[next] === " ") next++;
    if (input[next] !== ":") continue;
    next++;
    while (input[next] === " ") next++;
    return next;
  }
  return undefined;
}

const before = "\"'{, \n";

function quoted(input: string, at: number): string | undefined {
  const quote = input[at];
  if (quote !== '"' && quote !== "'" && quote !== "`") return undefined;
  const most = at + 1 + 2 * bound;
  let end = input.indexOf(quote, at + 1);
  while (end > 0 && end < most && isEscaped(input, end)) end = input.indexOf(quote, end + 1);
  return unescaped(input.slice(at + 1, end < 0 ? most : Math.min(end, most)), quote).slice(0, bound);
}

/** Do an odd number of backslashes stand before it? */
function isEscaped(input: string, at: number): boolean {
  let start = at;
  while (input.charCodeAt(start - 1) === backslash) start--;
  return (at - start) % 2 === 1;
}

const backslash = 0x5c;

function lastEntry(input: string): string | undefined {
  const end = input.indexOf('"]');
  const start = input.slice(0, end < 0 ? undefined : end).lastIndexOf(',"');
  return start < 0 ? undefined : quoted(input, start + 1);
}

function unescaped(inside: string, quote: string): string {
  if (!inside.includes("\\")) return inside;
  if (quote !== '"') return inside.replaceAll("\\n", "\n");
  try {
    return JSON.parse(`"${inside}"`) as string;
  } catch {
    // Cut within an escape, or JavaScript's own.
    return inside.replaceAll("\\n", "\n");
  }
}
