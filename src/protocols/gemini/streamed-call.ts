/**
 * A function call whose arguments arrive in pieces (`streamFunctionCallArguments`): each piece is a value and the JSON
 * path it belongs to; a piece of a string continues the piece before it.
 */
import { isObj, type Json, list, number, type Obj, obj, text } from "../../canon/json.ts";

export interface StreamedCall {
  readonly id: string | undefined;
  readonly name: string;
  readonly signature: string | undefined;
  push(functionCall: Obj): void;
  /** The arguments so far, as JSON. */
  input(): string;
}

type Tree = { [name: string]: Json | Tree | Branch } | Branch;
type Branch = (Json | Tree)[];

export function streamedCall(first: Obj, signature: string | undefined): StreamedCall {
  // Without a prototype, so that `__proto__` in a path is a name like any other.
  const root: Tree = Object.assign(Object.create(null), obj(first.args));
  let unfinished: string | undefined;

  function take(piece: Obj): void {
    const path = text(piece.jsonPath) ?? "$";
    const value = readValue(piece);
    if (value !== undefined) set(root, steps(path), value, unfinished === path);
    unfinished = piece.willContinue === true ? path : undefined;
  }

  function push(functionCall: Obj): void {
    for (const piece of list(functionCall.partialArgs)) take(obj(piece));
  }

  push(first);
  return {
    id: text(first.id) || undefined,
    name: text(first.name) ?? "",
    signature,
    push,
    input: () => (isOdd(first.args) ? oddInput(first.args) : JSON.stringify(root)),
  };
}

/** Arguments that are no object: told as they are. */
function isOdd(args: Json | undefined): args is Exclude<Json, null | Obj> {
  return args !== undefined && args !== null && !isObj(args);
}

/** A server may print the arguments itself. */
function oddInput(args: Json): string {
  return typeof args === "string" ? args : JSON.stringify(args);
}

function readValue(piece: Obj): Json | undefined {
  if (piece.nullValue !== undefined) return null;
  return text(piece.stringValue) ?? number(piece.numberValue) ?? (piece.boolValue as Json | undefined);
}

/** The names and indices of a path such as `$.a[0].b` or `$['a b']`. */
function steps(path: string): (string | number)[] {
  const found = path.matchAll(/\.([^.[\]]+)|\[(\d+)\]|\['((?:[^'\\]|\\.)*)'\]|\["((?:[^"\\]|\\.)*)"\]/g);
  return [...found].map(([, name, index, single, double]) => {
    if (index !== undefined) return Number(index);
    return name ?? (single ?? double ?? "").replace(/\\(.)/g, "$1");
  });
}

function set(root: Tree, path: readonly (string | number)[], value: Json, continues: boolean): void {
  let at: Tree = root;
  for (const [depth, step] of path.entries()) {
    const below = read(at, step);
    if (depth === path.length - 1) {
      const joined = continues && typeof below === "string" && typeof value === "string" ? below + value : value;
      write(at, step, joined);
      return;
    }
    const next: Tree = isTree(below) ? below : typeof path[depth + 1] === "number" ? [] : Object.create(null);
    if (next !== below) write(at, step, next);
    at = next;
  }
}

function isTree(value: unknown): value is Tree {
  return Array.isArray(value) || isObj(value);
}

function read(tree: Tree, step: string | number): unknown {
  return Array.isArray(tree) ? tree[Number(step)] : tree[step];
}

/** An index far behind the end would make an array of holes: it is taken for the next one. */
function write(tree: Tree, step: string | number, value: Json | Tree): void {
  if (!Array.isArray(tree)) tree[step] = value;
  else tree[Math.min(Number.isNaN(Number(step)) ? tree.length : Number(step), tree.length)] = value;
}
