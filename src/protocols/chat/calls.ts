/**
 * The calls of a streamed answer. Servers leave out the index, give each call the same one, resend id and name with each
 * piece, give no id at all, or the whole call at once and once more at the end: here each call comes out once and whole.
 */
import type { Event } from "../../canon/event.ts";
import { defined, isObj, type Json, number, type Obj, obj, text } from "../../canon/json.ts";
import type { CallKind, Ext } from "../../canon/request.ts";
import { madeId } from "./ids.ts";
import { leftover } from "./members.ts";

/** One entry of `delta.tool_calls`. */
interface Piece {
  readonly key: number | undefined;
  readonly id: string;
  readonly kind: CallKind;
  readonly name: string;
  readonly input: string;
  readonly ext: Ext | undefined;
}

interface Call {
  key: number | undefined;
  id: string;
  name: string;
  input: string;
  readonly kind: CallKind;
  readonly ext: Ext | undefined;
  /** Stands in for an id that never comes. */
  readonly spareId: string;
  /** The block's index, once the call has its name. */
  block?: number;
  isClosed: boolean;
}

const shape = {
  index: true,
  id: true,
  type: true,
  function: { name: true, arguments: true },
  custom: { name: true, input: true },
} as const;

export interface Calls {
  /** More of a call; `idOfAnswer` goes into the ids of calls that have none. */
  piece(value: Json, idOfAnswer: string): Event[];
  /** Closes the calls that can be known to be whole, or at the end all of them. */
  close(which: "whole" | "all"): Event[];
  readonly count: number;
}

/** `allot` gives the next block's index. */
export function callEvents(allot: () => number): Calls {
  const calls: Call[] = [];

  function close(which: "whole" | "all"): Event[] {
    const due = calls.filter((call) => !call.isClosed && (which === "all" || isComplete(call)));
    return due.flatMap((call) => shut(call, allot));
  }

  return {
    piece(value, idOfAnswer) {
      const piece = readPiece(obj(value));
      const found = find(calls, piece);
      if (found !== undefined) return take(found, piece, allot);
      const before = close("whole");
      const spareId = madeId(idOfAnswer, calls.length);
      const call: Call = { ...piece, name: "", input: "", spareId, isClosed: false };
      calls.push(call);
      return [...before, ...take(call, piece, allot)];
    },
    close,
    get count() {
      return calls.length;
    },
  };
}

function take(call: Call, piece: Piece, allot: () => number): Event[] {
  if (call.name === "") call.name = piece.name;
  if (call.id === "") call.id = piece.id;
  // The whole call again, as some repeat it with the finish reason.
  if (call.isClosed || (piece.input === call.input && isWhole(call.input))) return [];
  call.input += piece.input;
  if (call.block === undefined) return call.name === "" ? [] : open(call, allot);
  return piece.input === "" ? [] : [more(call.block, piece.input)];
}

function open(call: Call, allot: () => number): Event[] {
  const index = allot();
  call.block = index;
  const { kind, name, ext, spareId } = call;
  const id = call.id === "" ? spareId : call.id;
  const block = defined({ type: "call" as const, id, kind, name, input: "", ext });
  return [{ type: "open", index, block }, ...(call.input === "" ? [] : [more(index, call.input)])];
}

function shut(call: Call, allot: () => number): Event[] {
  const late = call.block === undefined ? open(call, allot) : [];
  call.isClosed = true;
  const index = call.block ?? 0;
  // A call without arguments may never send any; "" is no JSON.
  const empty = call.kind === "function" && call.input === "";
  return [...late, ...(empty ? [more(index, "{}")] : []), { type: "close", index }];
}

function isComplete({ kind, input }: Call): boolean {
  return kind === "function" && isWhole(input);
}

function more(index: number, text: string): Event {
  return { type: "delta", index, text };
}

function readPiece(entry: Obj): Piece {
  const isCustom = isObj(entry.custom);
  const known = obj(isCustom ? entry.custom : entry.function);
  const input = isCustom ? known.input : known.arguments;
  const left = leftover(entry, shape);
  return {
    key: number(entry.index) ?? (/^\d+$/.test(text(entry.index) ?? "") ? Number(entry.index) : undefined),
    id: text(entry.id) ?? "",
    kind: isCustom ? "custom" : "function",
    name: text(known.name) ?? "",
    // Some send the arguments as the object itself.
    input: text(input) ?? (input === undefined || input === null ? "" : JSON.stringify(input)),
    ext: left && { chat: left },
  };
}

/** The call that this is a piece of; `undefined` when it begins another one. */
function find(calls: readonly Call[], piece: Piece): Call | undefined {
  const last = calls.at(-1);
  if (piece.key !== undefined) {
    const there = calls.findLast((call) => call.key === piece.key);
    return there === undefined || beginsAnother(there, piece) ? undefined : there;
  }
  const same = piece.id === "" ? undefined : calls.findLast((call) => call.id === piece.id);
  if (same !== undefined || last === undefined) return same;
  if (piece.id !== "" && last.id !== "") return undefined;
  return beginsAnother(last, piece) ? undefined : last;
}

/** Another id with a name; or, where ids are missing, a name and arguments after arguments that were whole. */
function beginsAnother(call: Call, piece: Piece): boolean {
  if (piece.name === "" || (piece.id !== "" && piece.id === call.id)) return false;
  if (piece.id !== "" && call.id !== "") return true;
  const isRepeated = piece.key !== undefined && piece.input === call.input;
  return call.name !== "" && piece.input !== "" && !isRepeated && isWhole(call.input);
}

function isWhole(input: string): boolean {
  if (input === "") return false;
  try {
    JSON.parse(input);
    return true;
  } catch {
    return false;
  }
}
