/**
 * A form (multipart/form-data, RFC 7578) on its way: one field of it is read and may be written anew, every other byte
 * goes on as it came, at any split into chunks. Nothing is held but a part's headers, the field itself, and an ending
 * that could be the beginning of a boundary.
 *
 * A form that two readers could understand differently is refused: text before the first boundary, a line that only
 * begins like one, a part whose name is missing or escaped, the field given twice.
 */
import { Fault, invalid } from "../fault.ts";

export interface FormScanner {
  /** The bytes that may go on. Throws the Fault of a form that cannot be read. */
  push(chunk: Uint8Array): Uint8Array[];
  /** The body has ended: throws the Fault of a form that has not. */
  end(): void;
}

const headerLimit = 8 * 1024;
const fieldLimit = 1024;
const blankLine = "\r\n\r\n";

/** @param replace what stands for the field's value on the way on; may throw a Fault */
export function formScanner(boundary: string, field: string, replace: (value: string) => string): FormScanner {
  const delimiter = Buffer.from(`\r\n--${boundary}`);
  let place: "start" | "headers" | "content" | "field" | "over" = "start";
  // The first boundary has no line end before it; with this one it is like every other. It never goes on.
  let kept: Buffer = Buffer.from("\r\n");
  let isBegun = false;
  let isSeen = false;

  /** What can be done with these bytes: where to go on from, or `undefined` where more of them are needed. */
  function step(bytes: Buffer, at: number, out: Uint8Array[]): number | undefined {
    switch (place) {
      case "start":
        return begin(bytes);
      case "headers":
        return headers(bytes, at, out);
      case "content":
        return content(bytes, at, out);
      case "field":
        return value(bytes, at, out);
      case "over":
        out.push(bytes.subarray(at));
        return bytes.length;
    }
  }

  function begin(bytes: Buffer): number | undefined {
    if (bytes.length < delimiter.length) return undefined;
    if (!bytes.subarray(0, delimiter.length).equals(delimiter)) throw unreadable("does not begin with its boundary");
    place = "headers";
    return 0;
  }

  /** `at` is where the delimiter begins. */
  function headers(bytes: Buffer, at: number, out: Uint8Array[]): number | undefined {
    const start = at + delimiter.length;
    if (bytes.length < start + 2) return undefined;
    if (bytes.toString("latin1", start, start + 2) === "--") {
      place = "over";
      return say(bytes, at, start + 2, out);
    }
    const end = bytes.indexOf(blankLine, start);
    if ((end < 0 ? bytes.length : end) - start > headerLimit) throw unreadable("has a part with too long headers");
    if (end < 0) return undefined;
    const isField = nameIn(bytes.toString("latin1", start, end)) === field;
    if (isField && isSeen) throw invalid(field, "the field is given twice.", "duplicate_member");
    isSeen ||= isField;
    place = isField ? "field" : "content";
    return say(bytes, at, end + blankLine.length, out);
  }

  function content(bytes: Buffer, at: number, out: Uint8Array[]): number | undefined {
    const end = bytes.indexOf(delimiter, at);
    if (end < 0) {
      const safe = mayBegin(bytes, at, delimiter);
      return safe > at ? say(bytes, at, safe, out) : undefined;
    }
    place = "headers";
    return say(bytes, at, end, out);
  }

  function value(bytes: Buffer, at: number, out: Uint8Array[]): number | undefined {
    const end = bytes.indexOf(delimiter, at);
    if ((end < 0 ? bytes.length - delimiter.length : end) - at > fieldLimit) throw invalid(field, "it is too long.");
    if (end < 0) return undefined;
    place = "headers";
    out.push(Buffer.from(replace(bytes.toString("utf8", at, end))));
    return end;
  }

  return {
    push(chunk) {
      const out: Uint8Array[] = [];
      const bytes = kept.length === 0 ? Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length) : join(kept, chunk);
      let at = 0;
      for (let next: number | undefined = at; next !== undefined; ) {
        at = next;
        next = at < bytes.length ? step(bytes, at, out) : undefined;
      }
      kept = bytes.subarray(at);
      const [first, ...others] = out;
      if (first === undefined || isBegun) return out;
      isBegun = true;
      return [first.subarray(2), ...others];
    },
    end() {
      if (place !== "over") throw unreadable("ends before its closing boundary");
    },
  };
}

/** The boundary that a `Content-Type` names; `undefined` where it is no form's. */
export function boundaryOf(contentType: string): string | undefined {
  if (!/^multipart\/form-data\s*;/i.test(contentType)) return undefined;
  const [, quoted, bare] = /;\s*boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))\s*(?:;|$)/i.exec(contentType) ?? [];
  const boundary = quoted ?? bare;
  if (boundary === undefined) throw unreadable("names no boundary in its Content-Type");
  return boundary;
}

function say(bytes: Buffer, from: number, to: number, out: Uint8Array[]): number {
  out.push(bytes.subarray(from, to));
  return to;
}

function join(kept: Buffer, chunk: Uint8Array): Buffer {
  return Buffer.concat([kept, chunk]);
}

/** Where these bytes end in what could become the delimiter; their length where they do not. */
function mayBegin(bytes: Buffer, from: number, delimiter: Buffer): number {
  let at = bytes.indexOf("\r", Math.max(from, bytes.length - delimiter.length + 1));
  while (at >= 0 && !delimiter.subarray(0, bytes.length - at).equals(bytes.subarray(at)))
    at = bytes.indexOf("\r", at + 1);
  return at < 0 ? bytes.length : at;
}

/** The field's name in a part's headers, which follow the boundary on its line. */
function nameIn(text: string): string {
  const [padding, ...lines] = text.split("\r\n");
  if (padding?.trim() !== "") throw unreadable("has a line that begins like its boundary");
  const found = lines.flatMap((line) => /^content-disposition[ \t]*:[ \t]*form-data[ \t]*(.*)$/i.exec(line)?.[1] ?? []);
  const [parameters] = found;
  if (parameters === undefined || found.length > 1) throw unreadable("has a part that is no field");
  const names = parametersOf(parameters).filter(([name]) => /^name\*?$/i.test(name));
  const [[name, value] = ["", ""]] = names;
  if (names.length !== 1 || name.endsWith("*") || value.includes("\\")) {
    throw unreadable("has a field whose name cannot be read");
  }
  return value;
}

function parametersOf(text: string): [name: string, value: string][] {
  const parameter = /;[ \t]*([\w*-]+)[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^\s;"]*))[ \t]*/gy;
  const found = [...text.matchAll(parameter)];
  const read = found.reduce((sum, [whole]) => sum + whole.length, 0);
  if (text.slice(read).trim() !== "") throw unreadable("has a field whose name cannot be read");
  return found.map(([, name = "", quoted, bare = ""]) => [name, quoted ?? bare]);
}

function unreadable(what: string): Fault {
  return new Fault("bad_request", `The form ${what}.`, { code: "invalid_form" });
}
