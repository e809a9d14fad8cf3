/**
 * The model catalog in the shape Codex reads (wire.md A.2). For a model it has no entry for, Codex offers no
 * `apply_patch` tool and sets no effort; its own models it knows better than we do, so only the others are told here.
 */
import type { Effort } from "../canon/request.ts";
import type { ModelEntry } from "./list.ts";

/** One entry of Codex's catalog: the members it requires, and those that switch on what an agent needs. */
interface CodexModel {
  readonly slug: string;
  readonly display_name: string;
  readonly supported_reasoning_levels: readonly { readonly effort: Effort; readonly description: string }[];
  readonly default_reasoning_level: Effort;
  readonly shell_type: "shell_command";
  readonly visibility: "list";
  readonly supported_in_api: true;
  readonly priority: number;
  readonly support_verbosity: false;
  readonly apply_patch_tool_type: "freeform";
  readonly truncation_policy: { readonly mode: "tokens"; readonly limit: number };
  readonly experimental_supported_tools: readonly string[];
  readonly input_modalities: readonly ("text" | "image")[];
  readonly context_window: number;
  readonly use_responses_lite: false;
  readonly base_instructions: string;
}

const levels: Partial<Record<Effort, string>> = {
  minimal: "Answers with hardly any reasoning",
  low: "Reasons briefly",
  medium: "Balances speed and depth",
  high: "Reasons at length about hard problems",
  xhigh: "Reasons longer still",
  max: "Reasons without a bound of its own",
};

/** What the model is told before all else, since Codex's own words are written for OpenAI's models. */
const instructions = `You are a coding agent in the user's terminal, working in their repository through the tools you are given.

Work until the task is done: read before you change, make the smallest change that solves the problem, and run what shows that it works. Keep to the style and the conventions of the code around you. Leave unrelated code, and changes that are not yours, alone.

Use the shell to look around and to run things; prefer rg to grep. Change files with apply_patch, giving it the patch text itself from "*** Begin Patch" to "*** End Patch", with paths relative to the working directory. When a command fails, read its output, and mend the cause rather than the symptom. Never delete or overwrite work you cannot restore without being asked.

Say briefly what you are about to do before longer steps. At the end say what you changed and how you checked it, in a few plain sentences.`;

/** A window that every model worth listing has. */
const leastContext = 128_000;

/** The catalog of these models, OpenAI's own left out. */
export function codexModels(entries: readonly ModelEntry[]): CodexModel[] {
  return entries.filter(({ provider }) => provider !== "openai").map(codexModel);
}

function codexModel({ id, known }: ModelEntry, priority: number): CodexModel {
  const efforts = (known?.efforts ?? []).filter((effort) => effort !== "none");
  const offered: readonly Effort[] = efforts.length > 0 ? efforts : ["low", "medium", "high"];
  return {
    slug: id,
    display_name: known?.name ?? id,
    supported_reasoning_levels: offered.map((effort) => ({ effort, description: levels[effort] ?? effort })),
    default_reasoning_level: offered.includes("medium") ? "medium" : (offered[0] ?? "medium"),
    shell_type: "shell_command",
    visibility: "list",
    supported_in_api: true,
    priority,
    support_verbosity: false,
    apply_patch_tool_type: "freeform",
    truncation_policy: { mode: "tokens", limit: 10_000 },
    experimental_supported_tools: [],
    input_modalities: known?.facts.inputs?.includes("image") === false ? ["text"] : ["text", "image"],
    context_window: known?.facts.context ?? leastContext,
    use_responses_lite: false,
    base_instructions: instructions,
  };
}
