/** Who an end user is stays with the house that was told: another vendor gets a stable name that says nothing. */
import { createHash } from "node:crypto";
import type { CanonRequest, ProtocolId } from "../canon/request.ts";

/** Chat and Responses are of one house. */
const houses = {
  chat: "openai",
  responses: "openai",
  messages: "anthropic",
  gemini: "google",
} as const satisfies Record<ProtocolId, string>;

/** The request with a name of 32 hexadecimal digits in place of the user's, where it goes to another house (wire.md C.21). */
export function withPseudonym(request: CanonRequest, from: ProtocolId, to: ProtocolId): CanonRequest {
  if (request.user === undefined || houses[from] === houses[to]) return request;
  return { ...request, user: createHash("sha256").update(request.user).digest("hex").slice(0, 32) };
}
