/** Ids of tool calls as Anthropic takes them. */

const valid = /^[a-zA-Z0-9_-]{1,128}$/;

/**
 * The id itself where it is valid, otherwise a valid one made from it: always the same, so that a call and its result
 * still meet, and different for different ids.
 */
export function callId(id: string): string {
  if (valid.test(id)) return id;
  return `${id.replace(/[^a-zA-Z0-9_-]/g, "_").slice(0, 100)}_${hash(id)}`;
}

/** Is it a name that Anthropic takes for a tool? */
export function isToolName(name: string): boolean {
  return valid.test(name);
}

/** Two FNV-1a hashes of 32 bits with different seeds: enough to keep apart the ids of one conversation. */
function hash(text: string): string {
  let low = 0x811c9dc5;
  let high = 0x9747b28c;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    low = Math.imul(low ^ unit, 0x01000193);
    high = Math.imul(high ^ unit, 0x85ebca6b);
  }
  return (low >>> 0).toString(36) + (high >>> 0).toString(36);
}
