// What OpenAI and Anthropic refuse of changes of effort amid a conversation.

import { efforts, first, invalid, oneOf } from "./check.ts";
import { type Obj, obj, objects } from "./json.ts";
import type { Check, Problem } from "./wire.ts";

/** OpenAI: by GPT-6 in standard mode, where it does not shorten the history, and never two in a row. */
export const configurationUpdates: Check = ({ body, model }) => {
  const items = objects(body.input);
  return first(items, (item, index) => {
    if (item.type !== "configuration_update") return undefined;
    const at = `input[${index}]`;
    if (!/(?:^|\/)gpt-[6-9]/.test(model)) return invalid(at, `'configuration_update' is not supported with ${model}.`);
    if (/-pro\b/.test(model) || obj(body.reasoning).mode === "pro") {
      return invalid(at, "The 'configuration_update' item type is not supported with pro or tournament models.");
    }
    if (body.truncation === "auto" || (body.context_management ?? null) !== null) {
      return invalid(at, "'configuration_update' cannot be used with automatic truncation or compaction.");
    }
    if (items[index - 1]?.type === "configuration_update") {
      return invalid(at, "Configuration updates cannot be consecutive.");
    }
    return oneOf(`${at}.reasoning.effort`, obj(item.reasoning).effort, efforts);
  });
};

/** A message of Anthropic's that says nothing but an effort. It may stand anywhere. */
export function isEffortOnly({ role, content, output_config }: Obj): boolean {
  return role === "system" && Array.isArray(content) && content.length === 0 && output_config !== undefined;
}

const takers = /(?:fable|mythos)-5[.-][12]|opus-5(?![.-][0-46-9])|(?:sonnet|haiku)-5[.-]5/;

/** Under the second Claude Code 2.1.330 sends efforts in messages that say something else as well. */
const betas = ["mid-conversation-output-config-2026-07-01", "per-turn-control-2026-07-01"] as const;

/** Anthropic: of some models, and by the beta's name. */
export const effortMessages: Check = ({ body, model, headers }) =>
  first(objects(body.messages), (message, index): Problem | undefined => {
    if (message.output_config === undefined) return undefined;
    const at = `messages.${index}.output_config`;
    if (message.role !== "system" || !takers.test(model) || !betas.some((beta) => named(headers, beta)))
      return { message: `${at}: Extra inputs are not permitted` };
    const { effort } = obj(message.output_config);
    return ["low", "medium", "high", "xhigh", "max"].includes(String(effort))
      ? undefined
      : { message: `${at}.effort: Input should be 'low', 'medium', 'high', 'xhigh' or 'max'` };
  });

/** What is to become of thoughts behind another prefix is a beta of its own. */
export const blockBinding: Check = ({ body, headers }) => {
  const { block_binding: binding } = obj(body.thinking);
  if (binding === undefined) return undefined;
  const at = "thinking.block_binding";
  if (!named(headers, "thinking-binding-controls-2026-08-01")) {
    return { message: `${at}: Extra inputs are not permitted` };
  }
  return ["error", "drop_block"].includes(String(obj(binding).prefix_mismatch_behavior))
    ? undefined
    : { message: `${at}.prefix_mismatch_behavior: Input should be 'error' or 'drop_block'` };
};

function named(headers: Record<string, string>, beta: string): boolean {
  return headers["anthropic-beta"]?.split(",").some((each) => each.trim() === beta) === true;
}
