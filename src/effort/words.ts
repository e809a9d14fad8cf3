/** What texts in a user's place say of the work: the harness's own, acknowledgements, chores, titles, plan mode. */

/** Did the agent's harness write it, and no user? */
export function isHarness(text: string): boolean {
  return harness.test(text);
}

/** Notes in tags with a line in their name (`<system-reminder>`), the few others by name, and well-known openings. */
const harness =
  /^\s*(?:<(?!command-)(?:[a-z]+[_-][a-z_-]+|skill|permissions)[ >]|# AGENTS\.md|Caveat: The messages|Base directory for this skill|\[Request interrupted|Approved command prefix|Stop hook feedback|You are `\/|This session is being continued|This is the Gemini CLI|Called the \w+ tool with)/;

/**
 * The mode that a harness puts the agent into with such a text: Claude Code's and opencode's reminders, Codex's
 * collaboration mode. `undefined` where it says nothing of it.
 */
export function planMode(text: string): boolean | undefined {
  const head = text.slice(0, 240);
  if (plans.test(head)) return true;
  return works.test(head) ? false : undefined;
}

const plans = /plan mode (?:is |still )*active|# plan mode|collaboration mode: plan/i;
const works = /collaboration mode: (?!plan)|exited plan mode|mode has changed from plan/i;

/** A turn whose first call needs little thought: an acknowledgement, or a chore to be carried out as said. */
export function errand(prompt: string): "acknowledgement" | "chore" | undefined {
  if (prompt.length > 80) return undefined;
  if (agrees.test(prompt)) return "acknowledgement";
  return does.test(prompt) ? "chore" : undefined;
}

const agrees =
  /^\s*(?:(?:y|yes|yep|yeah|ok|okay|sure|go|go ahead|go on|continue|proceed|do it|please do|sounds good|looks good|lgtm|thanks|thank you|great|perfect|nice|next|please|do that|\d{1,2}|[a-d])[\s.,!)]*)+$/i;
const does =
  /^\s*(?:(?:please|now|ok|okay|and|then|great|can you|let's)[\s,]+)*(?:commit|push|pull|rebase|merge|rename|run|format|lint|stage|tag)\b[^?]*$/i;

/** Is a title, a topic or a line of summary asked for, by the instructions or by the prompt? */
export function wantsTitle(instructions: string, prompt: string): boolean {
  return (
    titles.test(instructions.slice(0, 400)) || titles.test(prompt.slice(0, 200)) || titles.test(prompt.slice(-200))
  );
}

const titles =
  /title generator|(?:generate|write|create|extract|suggest)[\w\s,-]{0,40}\btitle\b[\w\s]{0,20}(?:for (?:this|the) (?:conversation|session|chat|thread)|that captures)|word title|conversation topic|(?:conversation|session) in (?:under|at most|fewer than) \d+ (?:characters|words)/i;
