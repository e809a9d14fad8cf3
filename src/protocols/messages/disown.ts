/**
 * A conversation that another account answered so far, fit for this one: thinking that only its maker can verify goes.
 * Anthropic takes a history without all or without its oldest thinking, but no gaps (wire.md B.3.8), so that whatever
 * stands before the last block of another's goes as well.
 */
import { isObj, type Json, list, type Obj, obj } from "../../canon/json.ts";
import type { Lose } from "../../canon/request.ts";
import type { Disowned, Ranges } from "../protocol.ts";

export function disown(body: Obj, foreign: Ranges, _model: string, lose: Lose): Disowned {
  const messages = list(body.messages).map(obj);
  const isForeign = (at: number): boolean => foreign.some(([from, to]) => at >= from && at < to);
  const last = messages.findLastIndex((message, at) => isForeign(at) && blocksOf(message).some(isThinking));
  const items = new Map<number, Obj | undefined>();
  for (const [at, message] of messages.slice(0, last + 1).entries()) {
    const blocks = blocksOf(message);
    const kept = blocks.filter((block) => !isThinking(block));
    if (kept.length === blocks.length) continue;
    for (const [place, block] of blocks.entries()) if (isThinking(block)) lose(`messages[${at}].content[${place}]`);
    items.set(at, kept.length === 0 ? undefined : { ...message, content: kept });
  }
  if (!lacksThinking(body, messages, items)) return { member: "messages", items };
  lose("thinking.type", "enabled>disabled");
  return { member: "messages", items, members: { thinking: { type: "disabled" } } };
}

function blocksOf({ content }: Obj): readonly Json[] {
  return list(content);
}

function isThinking(block: Json): boolean {
  return isObj(block) && (block.type === "thinking" || block.type === "redacted_thinking");
}

/** With a budget for thinking, the calls that are being answered must begin with some. */
function lacksThinking(
  { thinking }: Obj,
  messages: readonly Obj[],
  items: ReadonlyMap<number, Obj | undefined>,
): boolean {
  const last = messages.findLastIndex(({ role }) => role === "assistant");
  const blocks = blocksOf(items.get(last) ?? {});
  return obj(thinking).type === "enabled" && blocks.some((block) => isObj(block) && block.type === "tool_use");
}
