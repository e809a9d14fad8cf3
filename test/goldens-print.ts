/** JSON for people who review a diff: a value stands on one line where it fits, else each of its members does. */
import type { Json } from "../src/canon/json.ts";

const width = 120;

/** With a newline at the end. */
export function print(value: Json): string {
  return `${lines(value, "")}\n`;
}

function lines(value: Json, indent: string, room = width - indent.length): string {
  const short = onOneLine(value);
  if (short.length <= room || typeof value !== "object" || value === null) return short;
  const inner = `${indent}  `;
  if (Array.isArray(value)) {
    const items: string[] = value.map((item: Json) => `${inner}${lines(item, inner)}`);
    return `[\n${items.join(",\n")}\n${indent}]`;
  }
  const members = Object.entries(value).flatMap(([name, member]) => {
    if (member === undefined) return [];
    const key = `${inner}${JSON.stringify(name)}: `;
    return [key + lines(member as Json, inner, width - key.length - 1)];
  });
  return `{\n${members.join(",\n")}\n${indent}}`;
}

function onOneLine(value: Json): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((item: Json) => onOneLine(item)).join(", ")}]`;
  const members = Object.entries(value).flatMap(([name, member]) =>
    member === undefined ? [] : [`${JSON.stringify(name)}: ${onOneLine(member as Json)}`],
  );
  return members.length === 0 ? "{}" : `{ ${members.join(", ")} }`;
}
