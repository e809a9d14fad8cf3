/** The leaves of a wire object: where each stands, and whether another object holds its value. */
import { isObj, type Json } from "../../src/canon/json.ts";

export interface Leaf {
  /** As losses name places: `messages[0].content[1].text`. */
  readonly path: string;
  readonly member: string;
  readonly value: string | number | boolean;
}

/** Every leaf of the value that says something: null and undefined say nothing. */
export function leavesOf(value: Json | undefined, path = "", member = ""): Leaf[] {
  if (Array.isArray(value)) return value.flatMap((each: Json, at) => leavesOf(each, `${path}[${at}]`, member));
  if (isObj(value)) {
    return Object.entries(value).flatMap(([name, each]) =>
      leavesOf(each, path === "" ? name : `${path}.${name}`, name),
    );
  }
  if (typeof value !== "string" && typeof value !== "number" && typeof value !== "boolean") return [];
  // Arguments are an object to some and its JSON to others.
  const parsed = typeof value === "string" ? parse(value) : undefined;
  return parsed === undefined
    ? [{ path, member, value }]
    : leavesOf(parsed, path, member).map((leaf) => ({ ...leaf, path }));
}

/** Tells whether a value is anywhere in the body: a text as part of another, a number or a boolean as itself. */
export function finder(body: Json): (leaf: Leaf) => boolean {
  const leaves = leavesOf(body);
  const texts = leaves.map(({ value }) => String(value)).join("\n");
  const pairs = new Set(leaves.map(({ member, value }) => `${member}: ${value}`));
  return ({ member, value }) => {
    if (typeof value === "boolean") return pairs.has(`${member}: ${value}`);
    const text = String(value).replace(/^data:[^,]*,/, "");
    return texts.includes(text) || texts.includes(Buffer.from(text).toString("base64"));
  };
}

/** The value with a member that nobody knows in every object. */
export function planted(value: Json, mark: string, at = { count: 0 }): Json {
  if (Array.isArray(value)) return value.map((each: Json) => planted(each, mark, at));
  if (!isObj(value)) return value;
  const members = Object.entries(value).map(([name, each]) => [name, planted(each ?? null, mark, at)] as const);
  return { ...Object.fromEntries(members), [`x_${mark}`]: `${mark}-${at.count++}` };
}

function parse(value: string): Json | undefined {
  if (!/^\s*[{[]/.test(value)) return undefined;
  try {
    return JSON.parse(value) as Json;
  } catch {
    return undefined;
  }
}
