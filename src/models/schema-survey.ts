/** What must be known of a caller's schema before anything is promised for it: whether it can be checked at all. */
import { isObj, type Json, type Obj, text } from "../canon/json.ts";
import { places } from "./schema-rules.ts";

export interface Survey {
  /** Why nobody could keep to the schema. */
  readonly flaw?: Flaw;
  /** Why we do not hold an answer against it. */
  readonly risk?: Flaw;
  /** Does a part of it contain itself? */
  readonly isRecursive: boolean;
}

interface Flaw {
  readonly keyword: string;
  /** A JSON pointer into the schema. */
  readonly at: string;
  readonly why: string;
}

/** A schema of more levels could exhaust the stack of whoever walks it. */
const deepest = 64;

export function survey(root: Obj): Survey {
  let isRecursive = false;
  const above = new Set<Obj>();
  const done = new Set<Obj>();

  function visit(schema: Obj, at: string): Flaw | undefined {
    if (above.has(schema)) isRecursive = true;
    if (above.has(schema) || done.has(schema)) return undefined;
    if (above.size >= deepest) return { keyword: "$defs", at, why: `is nested in more than ${deepest} levels` };
    above.add(schema);
    const flaw = flawIn(schema, root, at) ?? firstOf(neighbours(schema, root, at), ([next, path]) => visit(next, path));
    above.delete(schema);
    done.add(schema);
    return flaw;
  }

  const flaw = visit(root, "");
  if (flaw !== undefined) return { isRecursive, flaw };
  const risk = riskIn(root, "");
  return { isRecursive, ...(risk !== undefined && { risk }) };
}

/** The schemas inside a schema, each with its pointer. */
function inner(schema: Obj, at: string): [Obj, string][] {
  return Object.entries(places).flatMap(([keyword, place]): [Obj, string][] => {
    const value = schema[keyword];
    const path = `${at}/${keyword}`;
    if (Array.isArray(value)) return pairs(value.map((each, index) => [each, `${path}/${index}`]));
    if (!isObj(value)) return [];
    if (place === "map") return pairs(Object.entries(value).map(([name, each]) => [each, `${path}/${pointed(name)}`]));
    return [[value, path]];
  });
}

function pairs(found: readonly (readonly [Json | undefined, string])[]): [Obj, string][] {
  return found.flatMap(([value, path]): [Obj, string][] => (isObj(value) ? [[value, path]] : []));
}

function neighbours(schema: Obj, root: Obj, at: string): [Obj, string][] {
  const reference = text(schema.$ref);
  const target = reference === undefined ? undefined : resolve(reference, root);
  return target === undefined ? inner(schema, at) : [...inner(schema, at), [target, `${at}/$ref`]];
}

function flawIn(schema: Obj, root: Obj, at: string): Flaw | undefined {
  const reference = text(schema.$ref);
  if (reference !== undefined && resolve(reference, root) === undefined) {
    return { keyword: "$ref", at, why: `points to '${reference}', which is not in the schema` };
  }
  return undefined;
}

/** A pointer into the schema itself; nothing is fetched. */
function resolve(reference: string, root: Obj): Obj | undefined {
  if (reference !== "#" && !reference.startsWith("#/")) return undefined;
  let found: unknown = root;
  for (const part of reference === "#" ? [] : reference.slice(2).split("/")) {
    const name = decode(part);
    const inside: unknown = Array.isArray(found) ? found[Number(name)] : isObj(found) ? found[name] : undefined;
    found = inside;
  }
  return isObj(found) ? found : undefined;
}

function decode(part: string): string {
  const plain = part.replaceAll("~1", "/").replaceAll("~0", "~");
  try {
    return decodeURIComponent(plain);
  } catch {
    return plain;
  }
}

function pointed(name: string): string {
  return name.replaceAll("~", "~0").replaceAll("/", "~1");
}

function firstOf<In, Out>(items: readonly In[], find: (item: In) => Out | undefined): Out | undefined {
  for (const item of items) {
    const found = find(item);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The regular expressions that a schema has at its own level. */
function patternsIn({ pattern, patternProperties }: Obj): string[] {
  const named = isObj(patternProperties) ? Object.keys(patternProperties) : [];
  return typeof pattern === "string" ? [pattern, ...named] : named;
}

function riskIn(schema: Obj, at: string): Flaw | undefined {
  const why = firstOf(patternsIn(schema), riskOf);
  if (why !== undefined) return { keyword: schema.pattern === undefined ? "patternProperties" : "pattern", at, why };
  return firstOf(inner(schema, at), ([next, path]) => riskIn(next, path));
}

/** All regular expressions of a schema that was found sound. */
export function patternsOf(schema: Obj): string[] {
  return [...patternsIn(schema), ...inner(schema, "").flatMap(([next]) => patternsOf(next))];
}

const mostRepetitions = 3;

/**
 * The caller's expression runs in an isolate that all teams share, on a text that the caller can steer. A repetition
 * inside a repetition can take time without end: such an expression is not run at all.
 */
function riskOf(pattern: string): string | undefined {
  try {
    new RegExp(pattern, "u");
  } catch {
    return "is no regular expression";
  }
  if (/\\[1-9]|\\k</.test(pattern) || isNested(pattern) || repetitions(pattern) > mostRepetitions) {
    return "is a regular expression that could take too long to run";
  }
  return undefined;
}

/** How many of its parts repeat without a bound, which is the power of the text's length that it may take. */
export function repetitions(pattern: string): number {
  const bare = withoutClasses(pattern);
  return (bare.match(/[*+]|\{\d+,\d*\}/g) ?? []).length + (bare.startsWith("^") ? 0 : 1);
}

/** The expression with each escape and each class of characters as one letter. */
function withoutClasses(pattern: string): string {
  return pattern.replace(/\\(?:[pP]\{[^}]*\}|u\{[^}]*\}|.)/gs, "e").replace(/\[[^\]]*\]/g, "c");
}

/** Does a group that repeats hold a part of varying length, or a choice? */
function isNested(pattern: string): boolean {
  const bare = withoutClasses(pattern).replace(/\(\?(?::|<?[=!]|<\w+>)/g, "(");
  const held = [false];
  let closed = false;
  for (let at = 0; at < bare.length; at++) {
    const rest = bare.slice(at, at + 12);
    if (closed && /^(?:[*+]|\{\d+(?:,\d*)?\})/.test(rest)) return true;
    if (/^(?:[*+?|]|\{\d+,\d*\})/.test(rest)) held[held.length - 1] = true;
    if (rest.startsWith("(")) held.push(false);
    closed = rest.startsWith(")") && held.pop() === true;
    // What a group inside holds, the group around it holds too.
    if (closed) held[held.length - 1] = true;
  }
  return false;
}
