/** What models are told about summaries. The same words each time, so that prompts keep their prefix in providers' caches. */

/** Asks the model that has led a conversation for the summary of it. */
export const wish = [
  "This conversation has grown long and is about to be replaced by a summary. Write that summary now, as plain text and without calling any tool.",
  "Whoever goes on from it will see the user's messages and your summary, and nothing else of what was said and done. So write down all that the work still needs, and nothing that it does not:",
  "- what the user wants, with every constraint and preference that was stated;",
  "- what was done and what came of it, with the exact names of files, functions, commands, identifiers and values, and the exact words of errors that still matter;",
  "- what was decided and why, and what was tried and did not work;",
  "- how things stand now, and what the next steps are.",
  "If the conversation holds an earlier summary, carry over what of it still matters.",
].join("\n");

/** The message that a summary becomes for the model that goes on from it. */
export function told(summary: string): string {
  return [
    "The conversation up to here was replaced by a summary, which the assistant wrote. Go on from where it ends, without doing again what it says is done.",
    `<summary>\n${summary}\n</summary>`,
  ].join("\n\n");
}
