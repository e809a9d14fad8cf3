/**
 * A Chat request on its way to another Chat server, without what our answers made its calls carry: ids are the
 * provider's own again, in calls and results alike, and `extra_content.gearbox` is gone. As cuts in the bytes, so that
 * all else stays as it was written.
 */
import { isObj, type Json, type Obj } from "../../canon/json.ts";
import { unpackId } from "./carrier.ts";

/** `bytes[start, end)`, and what takes its place. */
export interface Cut {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** @param start where in the body the messages begin, @param end where they end */
export function restore(bytes: Uint8Array, { start, end }: Pick<Cut, "start" | "end">): Cut[] {
  // In Latin-1 a character is a byte, so that places in the text are places in the bytes.
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString("latin1");
  return [...idCuts(text), ...extraCuts(text)].map((cut) => ({
    ...cut,
    start: cut.start + start,
    end: cut.end + start,
  }));
}

/** A quote behind a backslash belongs to a text that quotes JSON, like the arguments of a call. */
const ids = /(?<!\\)"(?:id|tool_call_id)"\s*:\s*"((?:[^"\\]|\\.)*)"/g;

function idCuts(text: string): Cut[] {
  return [...text.matchAll(ids)].flatMap((match): Cut[] => {
    const packed = match[1] ?? "";
    const { id } = unpackId(packed);
    const end = match.index + match[0].length - 1;
    return id === packed ? [] : [{ start: end - packed.length + id.length, end, text: "" }];
  });
}

const extras = /(?<!\\)"extra_content"\s*:\s*(?=\{)/g;

function extraCuts(text: string): Cut[] {
  return [...text.matchAll(extras)].flatMap((match): Cut[] => {
    const from = match.index + match[0].length;
    const end = objectEnd(text, from);
    const { gearbox, ...others } = parse(text.slice(from, end));
    if (gearbox === undefined) return [];
    if (Object.keys(others).length > 0) return [{ start: from, end, text: JSON.stringify(others) }];
    return [withComma(text, match.index, end)];
  });
}

/** A member goes with one of the commas beside it. */
function withComma(text: string, start: number, end: number): Cut {
  const before = /\s*,\s*$/.exec(text.slice(Math.max(0, start - 100), start))?.[0].length ?? 0;
  const after = before > 0 ? 0 : (/^\s*,/.exec(text.slice(end))?.[0].length ?? 0);
  return { start: start - before, end: end + after, text: "" };
}

/** Behind the brace that closes the object which opens at `start`. */
function objectEnd(text: string, start: number): number {
  const marks = /"(?:[^"\\]|\\.)*"|[{}]/g;
  marks.lastIndex = start;
  let depth = 0;
  for (let mark = marks.exec(text); mark !== null; mark = marks.exec(text)) {
    if (mark[0] === "{") depth++;
    if (mark[0] === "}") depth--;
    if (depth === 0) return marks.lastIndex;
  }
  return text.length;
}

/** The text is Latin-1 of what was UTF-8. */
function parse(text: string): Obj {
  const value = JSON.parse(Buffer.from(text, "latin1").toString("utf8")) as Json;
  return isObj(value) ? value : {};
}
