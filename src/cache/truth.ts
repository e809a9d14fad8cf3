/** Which answers may be kept: whole ones with a proper end, and nothing else. Pure. */
import type { FinishReason } from "../canon/event.ts";
import type { ProtocolId } from "../canon/request.ts";
import { protocols } from "../protocols/index.ts";
import { readMessage } from "../protocols/message.ts";

/** The answer as it is kept; `undefined` where something of it is missing. */
export function wholeTruth(protocol: ProtocolId, bytes: Uint8Array, type: string): Uint8Array | undefined {
  const whole = ended(protocol, bytes, type);
  return isWholeTruth(protocol, whole, type) ? whole : undefined;
}

/** Can an answer of this type be given to a call that wants a stream, or none? */
export function suits(type: string, stream: boolean, recasts: () => boolean): boolean {
  return (type === eventStream) === stream || recasts();
}

/** What of a `Content-Type` tells how to read an answer. */
export function typeOf(headers: Headers): string {
  return (headers.get("content-type") ?? "").split(";")[0]?.trim() ?? "";
}

export const eventStream = "text/event-stream";

/** Behind the frame that says how it ended, an answer is read no further; what closes it is the same each time. */
const closings = {
  chat: "data: [DONE]\n\n",
  messages: 'event: message_stop\ndata: {"type":"message_stop"}\n\n',
} as const;

function ended(protocol: ProtocolId, bytes: Uint8Array, type: string): Uint8Array {
  if (type !== eventStream || !(protocol === "chat" || protocol === "messages")) return bytes;
  const closing = closings[protocol];
  const last = closing.trim().split("\n").at(-1) ?? "";
  return Buffer.from(bytes).includes(last) ? bytes : Buffer.concat([bytes, Buffer.from(closing)]);
}

/** Ends with which nothing is missing. */
const whole: ReadonlySet<FinishReason> = new Set(["stop", "stop_sequence", "calls"]);

function isWholeTruth(protocol: ProtocolId, bytes: Uint8Array, type: string): boolean {
  try {
    return whole.has(readMessage(protocols[protocol], bytes, type === eventStream).finish.reason);
  } catch {
    return false;
  }
}
