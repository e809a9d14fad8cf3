/** Answers that come whole: the response object as a message of canon, and back. */
import { type Finish, type Message, replay } from "../../canon/event.ts";
import { defined, isObj, list, type Obj, obj, text } from "../../canon/json.ts";
import type { Block, Ext } from "../../canon/request.ts";
import { noUsage } from "../../canon/usage.ts";
import { Fault } from "../../fault.ts";
import type { ReplyContext } from "../protocol.ts";
import { speaker } from "./encoder.ts";
import { decodeError } from "./fault.ts";
import { callKind, callOf, reasoningOf } from "./items.ts";
import { decodePart, wrapPart } from "./parts.ts";
import { usage } from "./usage.ts";
import { extOf, spare } from "./wire.ts";

export function decode(body: Obj): Message {
  if (isObj(body.error)) throw decodeError(body.error);
  if (!Array.isArray(body.output) || body.status === "queued" || body.status === "in_progress") {
    throw new Fault("upstream", "The provider answered with something that is no finished response.");
  }
  const blocks = list(body.output).flatMap((item) => blocksOf(obj(item)));
  return defined({
    id: text(body.id) ?? "",
    model: text(body.model) ?? "",
    blocks,
    finish: finishOf(body, blocks),
    usage: usage(body, noUsage),
    ext: endingExt(body),
  });
}

/** The stream of the same answer says in its last event what a whole answer says. */
export function encode(message: Message, context: ReplyContext): Obj {
  const speak = speaker(context);
  const events = replay(message).flatMap((event) => speak.event(event));
  return obj(events.at(-1)?.response);
}

/** Why the response ended. A refusal is a part of a message here; a call is for the caller to run. */
export function finishOf(response: Obj, blocks: Iterable<Block>): Finish {
  if (response.status === "incomplete") {
    return { reason: incompleteReasons[text(obj(response.incomplete_details).reason) ?? ""] ?? "other" };
  }
  const types = new Set([...blocks].map((block) => block.type));
  if (response.status === "cancelled") return { reason: "other" };
  if (types.has("call")) return { reason: "calls" };
  return { reason: types.has("refusal") ? "refusal" : "stop" };
}

const incompleteReasons: Readonly<Record<string, Finish["reason"]>> = {
  max_output_tokens: "length",
  content_filter: "filter",
};

/** What only this API says of an ending: the tier that served it, and a reason that canon has no word for. */
export function endingExt(response: Obj): Ext | undefined {
  const details = obj(response.incomplete_details);
  const tier = text(response.service_tier);
  const own = defined({
    // "auto" is what was asked for, mostly by nobody, and no tier.
    service_tier: tier === "auto" ? undefined : tier,
    incomplete_details: details.reason === undefined || details.reason === "max_output_tokens" ? undefined : details,
  });
  return extOf(Object.keys(own).length > 0 ? own : undefined).ext;
}

/** The blocks of one item of output. */
function blocksOf(item: Obj): Block[] {
  return item.type === "message" ? list(item.content).map((part) => partOf(obj(part), item)) : [itemOf(item)];
}

/** Ids and statuses belong to the answer they came in: the next one has its own. */
const transient = ["id", "status"];

/** An item that is one block. */
export function itemOf(item: Obj): Block {
  if (item.type === "reasoning") return reasoningOf(item, [...transient, "encrypted_content"]);
  const kind = callKind(item);
  if (kind !== undefined) return callOf(item, kind, transient);
  return searchOf(item) ?? { type: "opaque", protocol: "responses", value: item };
}

const searchMembers = new Set(["type", "id", "status", "action"]);
const actionMembers = new Set(["type", "query"]);

/** A search of the web that has a query; opening a page has none. */
function searchOf(item: Obj): Block | undefined {
  const action = obj(item.action);
  const query = text(action.query);
  if (item.type !== "web_search_call" || action.type !== "search" || query === undefined) return undefined;
  const others = defined({
    ...spare(item, searchMembers),
    status: item.status === "completed" ? undefined : item.status,
    action: spare(action, actionMembers),
  });
  const ext = extOf(Object.keys(others).length > 0 ? others : undefined);
  return { type: "search", id: text(item.id) ?? "", query, ...ext };
}

/** One part of a message; the message's phase rides with each. Providers' parts are not refused for being odd. */
export function partOf(part: Obj, item: Obj): Block {
  const type = part.type;
  if (
    (type === "output_text" && text(part.text) !== undefined) ||
    (type === "refusal" && text(part.refusal) !== undefined)
  ) {
    const block = decodePart(part, "output", "output_text");
    const phase = text(item.phase);
    return block.type === "opaque" || phase === undefined
      ? block
      : { ...block, ext: { responses: { ...block.ext?.responses, phase } } };
  }
  return wrapPart(part);
}
