/**
 * The text of a custom tool's call, out of the JSON arguments of the function that stands in for it, as they arrive.
 * Law: for any text and any cutting of `JSON.stringify({ input: text })` the pieces told, joined, are the text, and no
 * piece ends inside a surrogate pair (its half would be lost where the piece becomes UTF-8).
 */
import { isObj } from "./json.ts";

/** The arguments of the stand-in, printed the same way each time. */
export function wrapInput(input: string): string {
  return JSON.stringify({ input });
}

export interface InputReader {
  /** More of the arguments; tells what of the text became certain. */
  push(piece: string): string;
  /** The arguments are complete; tells the rest. */
  end(): string;
}

/**
 * Reads `{"input": "…"}`. Only with `input` in front can its text be told early; other arguments are held until the
 * end, and told raw when there is no text in them: a strange call is the caller's to judge, never ours to swallow.
 */
export function readInput(): InputReader {
  let state: "before" | "inside" | "after" | "whole" = "before";
  let buffer = "";
  let held = "";

  function told(text: string): string {
    const all = held + text;
    const cut = /[\ud800-\udbff]$/.test(all) ? all.length - 1 : all.length;
    held = all.slice(cut);
    return all.slice(0, cut);
  }

  return {
    push(piece) {
      if (state === "after") return "";
      buffer += piece;
      if (state === "before") {
        const head = opening.exec(buffer);
        if (head === null) {
          if (!mayOpen(buffer)) state = "whole";
          return "";
        }
        state = "inside";
        buffer = buffer.slice(head[0].length);
      }
      if (state === "whole") return "";
      const { text, rest, closed } = unescapeText(buffer);
      buffer = rest;
      if (closed) state = "after";
      return told(text);
    },
    end() {
      const last = state === "before" || state === "whole" ? wholeInput(buffer) : held + buffer;
      state = "after";
      held = "";
      buffer = "";
      return last;
    },
  };
}

const opening = /^\s*\{\s*"input"\s*:\s*"/;

/** Could more text make this an `opening`? */
function mayOpen(start: string): boolean {
  const packed = start.replace(/\s+/g, "");
  return packed !== '{"input":"' && '{"input":"'.startsWith(packed);
}

function wholeInput(raw: string): string {
  try {
    const parsed: unknown = JSON.parse(raw);
    return isObj(parsed) && typeof parsed.input === "string" ? parsed.input : raw;
  } catch {
    return raw;
  }
}

const escapes: Readonly<Record<string, string>> = { b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" };

/**
 * The inside of a JSON string up to its closing quote, or up to an escape that is still incomplete (`rest`). What JSON
 * forbids there, models write all the same: bare line breaks and backslashes before any letter stand for themselves.
 */
function unescapeText(json: string): { text: string; rest: string; closed: boolean } {
  const token = /([^"\\]+)|\\u([0-9a-fA-F]{4})|\\(["\\/bfnrt])|(\\(?:u[0-9a-fA-F]{0,3})?$)|(\\)|"/y;
  let text = "";
  for (let match = token.exec(json); match !== null; match = token.exec(json)) {
    const [whole, plain, code, letter, incomplete, stray] = match;
    if (incomplete !== undefined) return { text, rest: incomplete, closed: false };
    if (plain !== undefined) text += plain;
    else if (code !== undefined) text += String.fromCharCode(Number.parseInt(code, 16));
    else if (letter !== undefined) text += escapes[letter] ?? letter;
    else if (stray !== undefined) text += whole;
    else return { text, rest: "", closed: true };
  }
  return { text, rest: "", closed: false };
}
