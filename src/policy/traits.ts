/** What of a call its route may depend on, read from the body of any protocol. Pure. */
import type { Call } from "../call.ts";
import { isObj, type Json, list, type Obj, obj, text } from "../canon/json.ts";
import { inputEstimate } from "../models/bound.ts";
import type { Modality } from "./route-table.ts";

export interface Traits {
  /** The team's id. */
  readonly team: string;
  /** The texts in the body's `metadata`. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Tokens, estimated. */
  readonly tokensIn: number;
  readonly modalities: ReadonlySet<Modality>;
  readonly tools: boolean;
  readonly stream: boolean;
}

/** @param bytes of the body */
export function traitsOf({ body, stream }: Pick<Call, "body" | "stream">, bytes: number, team: string): Traits {
  return {
    team,
    metadata: metadataOf(body),
    tokensIn: inputEstimate({ body, bytes }),
    modalities: modalitiesOf(body),
    tools: list(body.tools).length > 0,
    stream,
  };
}

function metadataOf({ metadata }: Obj): Traits["metadata"] {
  return Object.fromEntries(
    Object.entries(obj(metadata)).flatMap(([name, value]) => (typeof value === "string" ? [[name, value]] : [])),
  );
}

/** Where the protocols keep what is said; a tool's schema, which may hold any word, stands elsewhere. */
const places = ["messages", "input", "contents", "system"] as const;

function modalitiesOf(body: Obj): ReadonlySet<Modality> {
  const found = new Set<Modality>();
  const walk = (value: Json | undefined): void => {
    if (isObj(value)) {
      const modality = modalityOf(value);
      if (modality !== undefined) found.add(modality);
      for (const each of Object.values(value)) if (typeof each === "object") walk(each);
    } else for (const each of list(value)) walk(each);
  };
  for (const place of places) walk(body[place]);
  return found;
}

/** The `type` of a part in Chat, Responses and Messages. */
const types: ReadonlyMap<string, Modality> = new Map([
  ["image_url", "image"],
  ["input_image", "image"],
  ["image", "image"],
  ["computer_screenshot", "image"],
  ["image_generation_call", "image"],
  ["input_audio", "audio"],
  ["file", "file"],
  ["input_file", "file"],
  ["document", "file"],
]);

function modalityOf({ type, inlineData, inline_data, fileData, file_data }: Obj): Modality | undefined {
  const gemini = [inlineData, inline_data, fileData, file_data].find(isObj);
  if (gemini === undefined) return types.get(text(type) ?? "");
  const media = text(gemini.mimeType) ?? text(gemini.mime_type) ?? "";
  if (media.startsWith("image/")) return "image";
  return media.startsWith("audio/") ? "audio" : "file";
}
