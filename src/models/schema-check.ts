/**
 * Holds a finished answer against the schemas that its provider does not keep to. An answer that was cut or refused is
 * not held against anything: its end says so already. Nothing is built before the answer has ended.
 */
import { Validator } from "@cfworker/json-schema";
import { type Event, type Finish, grow, type Message } from "../canon/event.ts";
import { isObj, type Obj, text } from "../canon/json.ts";
import type { Block } from "../canon/request.ts";
import type { Flat } from "../canon/tools.ts";
import { Fault } from "../fault.ts";
import { patternsOf, repetitions } from "./schema-survey.ts";

/** The schemas to keep to: of the answer's text, and of the calls' arguments by the target's name for the tool. */
export interface Promised {
  readonly answer?: Obj;
  readonly calls: ReadonlyMap<string, Obj>;
}

/** The way back for an answer that is held against what was promised; the same way where nothing was. */
export function holding(flat: Flat, promised: Promised | undefined): Flat {
  if (promised === undefined) return flat;
  return {
    ...flat,
    restore() {
      const check = checking(promised);
      const restore = flat.restore();
      return (event) => check(event).flatMap(restore);
    },
    restoreMessage: (message) => flat.restoreMessage(checkMessage(message, promised)),
  };
}

/** A mapper for the events of one stream: an error takes the place of the end of an answer that breaks the promise. */
function checking(promised: Promised): (event: Event) => Event[] {
  const blocks = new Map<number, Block>();
  return (event) => {
    switch (event.type) {
      case "open":
        if (isPromised(event.block, promised)) blocks.set(event.index, event.block);
        return [event];
      case "delta": {
        const block = blocks.get(event.index);
        if (block !== undefined) blocks.set(event.index, grow(block, event));
        return [event];
      }
      case "finish": {
        const inOrder = [...blocks].sort(([a], [b]) => a - b).map(([, block]) => block);
        const fault = faultOf(inOrder, event.finish, promised);
        return fault === undefined ? [event] : [{ type: "error", fault, usage: event.usage }];
      }
      case "start":
      case "seal":
      case "close":
      case "error":
        return [event];
    }
  };
}

/** The same message. Throws Fault `upstream` for one that breaks the promise. */
function checkMessage(message: Message, promised: Promised): Message {
  const fault = faultOf(message.blocks, message.finish, promised);
  if (fault !== undefined) throw fault;
  return message;
}

function isPromised(block: Block, { answer, calls }: Promised): boolean {
  if (block.type === "text" || block.type === "refusal") return answer !== undefined;
  return block.type === "call" && calls.has(block.name);
}

/** Does an answer that ended so claim to be whole? A refusal is one beside any schema. */
const whole = {
  stop: true,
  stop_sequence: true,
  calls: true,
  other: true,
  length: false,
  context: false,
  refusal: false,
  filter: false,
  pause: false,
} as const satisfies Record<Finish["reason"], boolean>;

function faultOf(blocks: readonly Block[], { reason }: Finish, { answer, calls }: Promised): Fault | undefined {
  if (!whole[reason]) return undefined;
  for (const block of blocks) {
    const schema = block.type === "call" ? calls.get(block.name) : undefined;
    if (block.type !== "call" || schema === undefined) continue;
    const why = breach(block.input === "" ? "{}" : block.input, schema);
    if (why !== undefined)
      return broken(`The model's call of '${block.name}' does not satisfy the tool's schema: ${why}`);
  }
  const isAnswer = reason !== "calls" && !blocks.some(({ type }) => type === "call" || type === "refusal");
  if (answer === undefined || !isAnswer) return undefined;
  const said = blocks.map((block) => (block.type === "text" ? block.text : "")).join("");
  const why = breach(said, answer);
  return why === undefined
    ? undefined
    : broken(`The model's answer does not satisfy the schema that was asked for: ${why}`);
}

function broken(message: string): Fault {
  return new Fault("upstream", message);
}

/** What of the JSON text the schema does not allow, and where as a JSON pointer. */
function breach(json: string, schema: Obj): string | undefined {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return "it is not JSON.";
  }
  if (mayTakeLong(value, schema)) return "it is too long to be checked against a regular expression.";
  try {
    // The library writes into the schema that it is given.
    const { errors } = new Validator(structuredClone(schema), draftOf(schema)).validate(value);
    const deepest = errors.reduce<(typeof errors)[number] | undefined>(
      (best, each) => (depth(each.instanceLocation) >= depth(best?.instanceLocation ?? "") ? each : best),
      undefined,
    );
    return deepest && `'${deepest.keyword}' does not hold at '${deepest.instanceLocation.slice(1)}'.`;
  } catch (cause) {
    throw new Fault("upstream", "The model's answer could not be held against the schema that was asked for.", {
      cause,
    });
  }
}

function depth(pointer: string): number {
  return pointer.split("/").length;
}

/** The drafts differ in what stands beside `$ref` and in how tuples are written. */
function draftOf({ $schema }: Obj): "4" | "7" | "2019-09" | "2020-12" {
  const named = /draft-0?([467])\b|(2019-09)/.exec(text($schema) ?? "");
  if (named?.[2] !== undefined) return "2019-09";
  if (named === null) return "2020-12";
  return named[1] === "4" ? "4" : "7";
}

/** Steps of a regular expression; about a second of them, in the worst case. */
const mostSteps = 3e8;

function mayTakeLong(value: unknown, schema: Obj): boolean {
  const power = Math.max(0, ...patternsOf(schema).map(repetitions));
  return power > 1 && lengths(value).reduce((steps, length) => steps + length ** power, 0) > mostSteps;
}

function lengths(value: unknown): number[] {
  if (typeof value === "string") return [value.length];
  if (Array.isArray(value)) return value.flatMap(lengths);
  return isObj(value) ? Object.entries(value).flatMap(([name, each]) => [name.length, ...lengths(each)]) : [];
}
