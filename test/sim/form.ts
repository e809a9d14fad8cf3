// A form as a provider reads it: fields as texts, files by their size and digest. Read whole and by a grammar of its own.

import { createHash } from "node:crypto";
import type { Obj } from "./json.ts";

/** The fields of a form whose bytes are given as Latin-1; undefined where it is none. A name given twice makes a list. */
export function readFields(contentType: string, raw: string): Obj | undefined {
  const [, quoted, bare] = /boundary=(?:"([^"]+)"|([^;\s]+))/i.exec(contentType) ?? [];
  const boundary = quoted ?? bare;
  if (boundary === undefined || !raw.startsWith(`--${boundary}\r\n`)) return undefined;
  const parts = `\r\n${raw}`.split(`\r\n--${boundary}`).slice(1);
  if (parts.at(-1)?.startsWith("--") !== true) return undefined;
  const fields: Obj = {};
  for (const part of parts.slice(0, -1)) {
    const end = part.indexOf("\r\n\r\n");
    const name = / name="([^"]*)"/.exec(part.slice(0, end))?.[1] ?? "";
    const value = read(part.slice(0, end), part.slice(end + 4));
    fields[name] = name in fields ? [fields[name], value].flat() : value;
  }
  return fields;
}

function read(headers: string, content: string): unknown {
  const filename = /filename="([^"]*)"/.exec(headers)?.[1];
  const bytes = Buffer.from(content, "latin1");
  if (filename === undefined) return bytes.toString();
  return { filename, bytes: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") };
}
