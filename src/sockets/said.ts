/** What a call says, as the body of a POST and as what is remembered of it, in the caller's own bytes. */
import { obj } from "../canon/json.ts";
import { inputItems } from "../conversations/said.ts";
import type { Create } from "./frame.ts";
import type { Remembered } from "./seats.ts";

const decoder = new TextDecoder();

/** Members of the message that the body of a POST has not. */
const own = new Set(["type", "stream_id", "generate"]);

/** The body; what it goes on from stands before its own input where it was remembered, and is named where it is stored. */
export function bodyOf(create: Create, before: Remembered | undefined): Uint8Array {
  const { bytes, spans, previous } = create;
  const changes = new Map<string, string>([["stream", "true"]]);
  if (before !== undefined) changes.set("input", `[${[...before.items, itemsOf(create)].filter(isSaid).join(",")}]`);
  const base = before === undefined ? previous : before.base;
  const isLeft = (name: string): boolean => !own.has(name) && !changes.has(name) && name !== "previous_response_id";
  const members = [
    ...[...spans].flatMap(([name, { start, end }]) =>
      isLeft(name) ? [printMember(name, decoder.decode(bytes.subarray(start, end)))] : [],
    ),
    ...(base === undefined ? restOf(create) : [printMember("previous_response_id", JSON.stringify(base))]),
    ...[...changes].map(([name, json]) => printMember(name, json)),
  ];
  return new TextEncoder().encode(`{${members.join(",")}}`);
}

/** An id that is none is for whoever reads the body to refuse. */
function restOf({ bytes, spans, previous }: Create): string[] {
  const span = spans.get("previous_response_id");
  if (span === undefined || previous !== undefined) return [];
  return [printMember("previous_response_id", decoder.decode(bytes.subarray(span.start, span.end)))];
}

function printMember(name: string, json: string): string {
  return `${JSON.stringify(name)}:${json}`;
}

/** What is remembered once the call has been answered with these items. */
export function saidOf(
  create: Create,
  before: Remembered | undefined,
  answer: { readonly id: string; readonly output: readonly string[] },
): Remembered {
  const base = before === undefined ? create.previous : before.base;
  const items = [...(before?.items ?? []), itemsOf(create), ...answer.output].filter(isSaid);
  return { id: answer.id, items, ...(base !== undefined && { base }) };
}

/** The inside of the caller's list of items. */
function itemsOf({ bytes, spans, body }: Create): string {
  const span = spans.get("input");
  if (Array.isArray(body.input) && span !== undefined) {
    return decoder.decode(bytes.subarray(span.start + 1, span.end - 1)).trim();
  }
  return inputItems(body.input)
    .map((item) => JSON.stringify(obj(item)))
    .join(",");
}

function isSaid(items: string): boolean {
  return items !== "";
}
