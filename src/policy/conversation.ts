/**
 * Which conversation a call belongs to, so that its next call finds the same prompt cache and account. Pure. Agents say
 * it; for the rest it is told from how the conversation begins, which every later call repeats.
 */
import { createHash } from "node:crypto";
import type { Call } from "../call.ts";
import { isObj, type Json, list, type Obj, text } from "../canon/json.ts";
import type { ProtocolId } from "../canon/request.ts";

/** 32 hexadecimal digits: what a caller wrote is of any length, and nobody else's business. */
export function conversationOf(headers: Headers, { protocol, body }: Pick<Call, "protocol" | "body">): string {
  const named = nameOf(headers, body);
  const said = named === undefined ? ["prefix", ...prefixOf(protocol, body)] : ["named", named];
  return createHash("sha256").update(JSON.stringify(said)).digest("hex").slice(0, 32);
}

/**
 * May somebody have answered it before? Not where it has no name and holds no answer: then nobody needs to be asked who
 * has it.
 */
export function isBegun(headers: Headers, { protocol, body }: Pick<Call, "protocol" | "body">): boolean {
  if (nameOf(headers, body) !== undefined || text(body.previous_response_id) !== undefined) return true;
  return turnsOf(protocol, body).some((turn) => !isAsking(turn));
}

/** Codex's, of today and before (wire.md A.3). Its `x-client-request-id` is the same, but other callers' is of one call. */
const codexHeaders = ["session-id", "thread-id", "session_id", "conversation_id"];

function nameOf(headers: Headers, body: Obj): string | undefined {
  const codex = codexHeaders.map((name) => headers.get(name));
  return [...codex, text(body.prompt_cache_key), headers.get("x-session-id")].find(isName) ?? undefined;
}

function isName(name: string | null | undefined): boolean {
  return name !== null && name !== undefined && name !== "";
}

/**
 * The words of the system and of the user before the first answer. Words only: marks for the prompt cache, ids and other
 * members move from call to call.
 */
function prefixOf(protocol: ProtocolId, body: Obj): readonly string[] {
  const turns = turnsOf(protocol, body);
  const end = turns.findIndex((turn) => !isAsking(turn));
  const asked = end < 0 ? turns : turns.slice(0, end);
  return [body.instructions, body.system, body.systemInstruction ?? body.system_instruction, ...asked].map(wordsOf);
}

const turnMembers = {
  chat: "messages",
  messages: "messages",
  responses: "input",
  gemini: "contents",
} as const satisfies Record<ProtocolId, string>;

function turnsOf(protocol: ProtocolId, body: Obj): readonly Json[] {
  const turns = body[turnMembers[protocol]];
  return typeof turns === "string" ? [turns] : list(turns);
}

const asking: ReadonlySet<string> = new Set(["system", "developer", "user"]);

/** Gemini's first turn may lack its role, and Codex's tools stand in front as an item of the developer's. */
function isAsking(turn: Json): boolean {
  if (!isObj(turn)) return typeof turn === "string";
  return asking.has(text(turn.role) ?? (turn.parts === undefined ? "" : "user"));
}

const wordMembers = ["content", "parts", "text"] as const;

function wordsOf(value: Json | undefined): string {
  if (typeof value === "string") return value;
  if (isObj(value)) return wordMembers.map((member) => wordsOf(value[member])).join("");
  return list(value).map(wordsOf).join("\n");
}
