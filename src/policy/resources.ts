/**
 * What a call may not ask for, on either lane: an answer made in the background, and things kept at a provider under an id.
 * All teams share the operator's accounts there, so an id says nothing of whose it is. None is passed on until a team's own
 * record of it exists (design page, chapter 5).
 */
import type { Call } from "../call.ts";
import { isObj, type Json, type Obj } from "../canon/json.ts";
import type { ProtocolId } from "../canon/request.ts";
import { Fault, unsupported } from "../fault.ts";

/** Where each protocol names such a thing: members with dots between them, `[]` for each element of a list. */
const paths = {
  responses: [
    "previous_response_id",
    "conversation",
    "prompt",
    "input[].content[].file_id",
    "input[].output[].file_id",
    "tools[].vector_store_ids",
    "tools[].container",
  ],
  chat: ["messages[].content[].file.file_id", "messages[].audio.id"],
  messages: ["container", "messages[].content[].source.file_id", "messages[].content[].content[].source.file_id"],
  gemini: ["cachedContent", "cached_content", "contents[].parts[].fileData", "contents[].parts[].file_data"],
} as const satisfies Record<ProtocolId, readonly string[]>;

const notKept = "names something kept at the provider, which is not available through this gateway.";

/** Throws the Fault that names the first one in the call's body. */
export function refuseResources({ protocol, body }: Call): void {
  if (body.background === true) throw unsupported("background", notWithoutCaller);
  refuseKept(paths[protocol], body);
  if (protocol === "responses") refuseReferences(body);
}

/**
 * Workers are stopped 30 seconds after their caller has gone, and an object that would read on in their place is started
 * anew once or twice a day, unasked: what it was reading is lost by then, and was paid for.
 */
const notWithoutCaller =
  "is not available through this gateway: what runs without its caller is stopped after 30 seconds here, or cut whenever " +
  "the platform starts it anew, so an answer could be paid for and lost. Stream the answer instead.";

/** Throws the Fault that names the first thing in the body at one of these paths. */
export function refuseKept(paths: readonly string[], body: Obj): void {
  for (const path of paths) {
    for (const found of find(body, path.split("."))) {
      // A container may be described in full, which makes a new one; only an id names one that is there.
      const isMade = path === "tools[].container" && typeof found.value === "object";
      if (!isMade) throw unsupported(found.path, notKept);
    }
  }
}

/** What the Responses API keeps by itself: earlier items named by their id. */
function refuseReferences(body: Call["body"]): void {
  for (const item of find(body, ["input[]"])) {
    if (!isObj(item.value) || item.value.type !== "item_reference") continue;
    const message = `Item with id '${String(item.value.id)}' not found. Items are not persisted; send the item itself.`;
    throw new Fault("bad_request", message, { param: item.path });
  }
}

interface Found {
  readonly path: string;
  readonly value: Json;
}

/** Every value at the path that is neither absent nor null. */
function find(value: Json, steps: readonly string[], path = ""): Found[] {
  const [step, ...rest] = steps;
  if (step === undefined) return value === null ? [] : [{ path, value }];
  const name = step.replace("[]", "");
  const member = isObj(value) ? value[name] : undefined;
  if (member === undefined) return [];
  const here = path === "" ? name : `${path}.${name}`;
  if (name === step) return find(member, rest, here);
  return Array.isArray(member) ? member.flatMap((each: Json, at) => find(each, rest, `${here}[${at}]`)) : [];
}
