/**
 * Thought signatures: Gemini's proof of its reasoning, on the part it belongs to. In canon each is a reasoning block
 * whose `native.kind` says where it stood:
 *
 * - absent: on the thought part itself;
 * - `next`: on the part after the block (a call, mostly);
 * - `previous`: on the text before the block, when it came with a later piece of that text;
 * - `end`: on an empty text part of its own.
 *
 * A token of ours stands where a signature does. The field is bytes in base64, so the token goes in base64 of its text.
 */
import type { Reasoning } from "../../canon/request.ts";
import type { Open, Seal } from "../protocol.ts";

export type Place = "own" | "next" | "previous" | "end";

/** What goes on the wire for a reasoning block, and where. */
export interface Signature {
  readonly value: string;
  readonly place: Place;
}

/** Accepted by Google for a call that another model made. */
export const sentinel = "skip_thought_signature_validator";

/** The signature of a block that Gemini made; `undefined` for any other. */
export function ownSignature({ native }: Reasoning): Signature | undefined {
  return native?.protocol === "gemini" ? { value: native.value, place: place(native.kind) } : undefined;
}

/** The signature for a caller of ours: Gemini's own as it is, another's sealed into a token. */
export function carry(block: Reasoning, seal: Seal): Signature | undefined {
  if (block.native === undefined) return undefined;
  return ownSignature(block) ?? { value: btoa(seal(block)), place: "next" };
}

/** The block in a token of ours; `undefined` for a signature of Gemini's. */
export function openToken(value: string, open: Open): Reasoning | undefined {
  const token = unpack(value);
  return token === undefined ? undefined : open(token);
}

/** A block that is nothing but Gemini's signature. */
export function made(value: string, kind: Place): Reasoning {
  return { type: "reasoning", summary: [], native: nativeOf(value, kind) };
}

export function nativeOf(value: string, kind: Place): NonNullable<Reasoning["native"]> {
  return kind === "own" ? { protocol: "gemini", value } : { protocol: "gemini", value, kind };
}

function place(kind: string | undefined): Place {
  return kind === "next" || kind === "previous" || kind === "end" ? kind : "own";
}

/** The text under the base64; Python clients print the bytes in the url-safe alphabet. */
function unpack(value: string): string | undefined {
  try {
    const text = atob(value.replaceAll("-", "+").replaceAll("_", "/"));
    return /^[\w-]+$/.test(text) ? text : undefined;
  } catch {
    return undefined;
  }
}
