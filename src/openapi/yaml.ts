/**
 * Prints plain data as YAML. Every text that could be anything else is quoted as JSON, of which YAML is a superset; so
 * this needs no library, which would have to know all the ways in which a plain text can be misread.
 */

/** The text of a document, in blocks; what is short stays on one line. */
export function printYaml(value: unknown): string {
  return `${block(value, 0).trimStart()}\n`;
}

const width = 100;

function block(value: unknown, depth: number): string {
  const line = flow(value);
  if (depth > 1 && line.length + 2 * depth <= width) return ` ${line}`;
  const indent = `\n${"  ".repeat(depth)}`;
  if (Array.isArray(value)) return value.map((each) => `${indent}-${item(each, depth)}`).join("");
  if (typeof value !== "object" || value === null) return ` ${line}`;
  return Object.entries(value)
    .map(([name, each]) => `${indent}${word(name)}:${block(each, depth + 1)}`)
    .join("");
}

/** The first member of an object in a list stands beside the dash. */
function item(value: unknown, depth: number): string {
  const text = block(value, depth + 1);
  return text.startsWith("\n") ? ` ${text.trimStart()}` : text;
}

function flow(value: unknown): string {
  if (typeof value === "string") return word(value);
  if (Array.isArray(value)) return `[${value.map(flow).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const members = Object.entries(value).map(([name, each]) => `${word(name)}: ${flow(each)}`);
  return members.length === 0 ? "{}" : `{ ${members.join(", ")} }`;
}

/** A letter, then letters, digits and signs that mean nothing; and none of the words that YAML takes for values. */
function word(text: string): string {
  const isPlain = /^[$/]?[A-Za-z][\w./-]*$/.test(text) && !/^(true|false|null|yes|no|on|off|y|n)$/i.test(text);
  return isPlain ? text : JSON.stringify(text);
}
