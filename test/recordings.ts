/** Recorded provider traffic, where the folder beside the repository is there. Nothing of it is kept here. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Obj } from "../src/canon/json.ts";
import type { ProtocolId } from "../src/canon/request.ts";

export interface Recording {
  readonly name: string;
  readonly kind: string;
  readonly model: string;
  readonly tags: readonly string[];
  readonly fidelity: string;
  readonly quirks?: readonly string[];
  readonly request?: { readonly method: string; readonly path: string; readonly body: Obj | string | null };
  readonly response: { readonly status: number; readonly headers: Obj; readonly body: Obj | string | null };
}

const root = join(import.meta.dirname, "../../shared/recordings");

/** Are there recordings on this machine? A test without them says so and is skipped. */
export const haveRecordings = existsSync(root);
if (!haveRecordings) console.warn("SKIPPED: no recordings beside this checkout: the tests that read them do not run.");

/** The kinds of recordings, and the protocol that each is in. */
export const kinds = {
  "openai-responses": "responses",
  "openai-chat": "chat",
  "openai-compatible": "chat",
  anthropic: "messages",
  gemini: "gemini",
} as const satisfies Record<string, ProtocolId>;

/** All recordings of one kind (`openai-responses`, `openai-chat`, `openai-compatible`, `anthropic`, `gemini`), by name. */
export function recordings(kind: string, folder: "open" | "documented" = "open"): Recording[] {
  const directory = join(root, folder, kind);
  if (!existsSync(directory)) return [];
  return readdirSync(directory)
    .filter((file) => file.endsWith(".json"))
    .sort()
    .map((file) => JSON.parse(readFileSync(join(directory, file), "utf8")) as Recording);
}

/** Is the answer an event stream, as far as its text shows? */
export function isStream(recording: Recording): recording is Recording & { response: { body: string } } {
  const { body } = recording.response;
  return typeof body === "string" && /^(event|data|:)/m.test(body.slice(0, 2000));
}
