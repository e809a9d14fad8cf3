/** Where what belongs to an id is looked for: one of sixteen shards of its team. */
import { createHash } from "node:crypto";

/** All there are. */
export const shards = [..."0123456789abcdef"];

/**
 * A hexadecimal digit. What makes ids begins those of a response and of its items alike (we do, and so does OpenAI), so
 * that all of one answer has the same address as a rule. Where it has not, only more shards are asked.
 */
export function addressOf(id: string): string {
  const own = id.slice(id.indexOf("_") + 1).replace(/[^0-9A-Za-z]/g, "");
  return createHash("sha256").update(own.slice(0, 16)).digest("hex").charAt(0);
}
