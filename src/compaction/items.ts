/** The items of a conversation that have to do with compaction (wire.md A.12, B.1.8), and what a summary stands for. Pure. */
import { isObj, type Json, type Obj, text } from "../canon/json.ts";

/** What stands for the conversation before it. */
export function isCompaction(item: Json): item is Obj {
  return isObj(item) && item.type === "compaction";
}

/** The wish, as the last item, that the conversation be compacted. */
export function isTrigger(item: Json | undefined): boolean {
  return isObj(item) && item.type === "compaction_trigger";
}

/**
 * Does the item stay beside a summary of it? What the user and the operator said stays as it was said, as it does at
 * OpenAI, and so do the tools and settings that the conversation brought; what the model said and did is in the summary.
 */
export function outlasts(item: Json): boolean {
  return isObj(item) && (lasting.has(text(item.type) ?? "") || isSaidTo(item));
}

const lasting: ReadonlySet<string> = new Set(["additional_tools", "configuration_update"]);

/** Messages may leave their type away. */
function isSaidTo({ type, role }: Obj): boolean {
  return (type === "message" || type === undefined) && text(role) !== undefined && role !== "assistant";
}

/** Is it a message of the user's own? */
export function isFromUser(item: Json): item is Obj {
  return isObj(item) && isSaidTo(item) && item.role === "user";
}
