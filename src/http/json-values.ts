/** Where the members of an object inside a body lie, so that each can be taken out as it was written. */
import { key, type Span, stringEnd, trim } from "./json.ts";

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];

/**
 * The values of the object that is all of these bytes of valid JSON, or the part of them in the span, by name; of a name
 * that is given twice the last.
 */
export function valuesIn(bytes: Uint8Array, { start, end }: Span = wholeOf(bytes)): ReadonlyMap<string, Span> {
  const decoder = new TextDecoder();
  const found = new Map<string, Span>();
  for (let at = bytes.indexOf(OPEN_OBJECT, start) + 1; at < end; ) {
    const from = bytes.indexOf(QUOTE, at);
    if (from < 0 || from >= end) return found;
    const to = stringEnd(bytes, from);
    const value = bytes.indexOf(COLON, to) + 1;
    const close = valueEnd(bytes, value);
    found.set(key(decoder, bytes.subarray(from, to)), trim(bytes, value, close));
    if (bytes[close] !== COMMA) return found;
    at = close + 1;
  }
  return found;
}

function wholeOf(bytes: Uint8Array): Span {
  return { start: 0, end: bytes.length };
}

/** The index of the comma or bracket behind the value that begins at `start`, or behind blanks there. */
function valueEnd(bytes: Uint8Array, start: number): number {
  let depth = 0;
  for (let at = start; at < bytes.length; at++) {
    const byte = bytes[at] ?? 0;
    // Numbers, which vectors are full of.
    if (byte > COMMA && byte < OPEN_LIST) continue;
    if (byte === QUOTE) at = stringEnd(bytes, at) - 1;
    else if (byte === OPEN_LIST || byte === OPEN_OBJECT) depth++;
    else if (byte === CLOSE_LIST || byte === CLOSE_OBJECT) {
      if (depth === 0) return at;
      depth--;
    } else if (byte === COMMA && depth === 0) return at;
  }
  return bytes.length;
}
