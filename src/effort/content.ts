/** A text, or a list of parts with texts, read at its ends without joining it. */
import { type Json, list, obj } from "../canon/json.ts";

/** Characters. */
export function lengthOf(content: Json | undefined): number {
  if (typeof content === "string") return content.length;
  let length = 0;
  for (const part of list(content)) length += textOf(part).length;
  return length;
}

/** Its first `most` characters. */
export function headOf(content: Json | undefined, most: number): string {
  if (typeof content === "string") return content.slice(0, most);
  let head = "";
  for (const part of list(content)) {
    if (head.length >= most) break;
    head += textOf(part).slice(0, most - head.length);
  }
  return head;
}

/** Its last `most` characters. */
export function tailOf(content: Json | undefined, most: number): string {
  if (typeof content === "string") return content.slice(-most);
  let tail = "";
  for (const part of list(content)) tail = (tail + textOf(part).slice(-most)).slice(-most);
  return tail;
}

function textOf(part: Json): string {
  const { text } = obj(part);
  return typeof text === "string" ? text : "";
}
