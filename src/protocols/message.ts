/** A provider's whole answer as a message, whether it came as JSON or as a stream. */
import { collect, type Message, partsOf } from "../canon/event.ts";
import { isObj, type Obj } from "../canon/json.ts";
import type { Usage } from "../canon/usage.ts";
import { Fault } from "../fault.ts";
import { framer } from "../http/sse.ts";
import type { Protocol } from "./protocol.ts";

/** Throws the Fault of an answer that cannot be read, or that tells of a failure. */
export function readMessage(protocol: Protocol, bytes: Uint8Array, isStream: boolean): Message {
  if (!isStream) return protocol.reply.decode(answerObject(bytes, protocol));
  const frames = framer();
  const decoder = protocol.stream.decode();
  const placed = [...frames.push(bytes).frames, ...frames.end().frames];
  return collect([...placed.flatMap(({ frame }) => decoder.frame(frame)), ...decoder.end()]);
}

/** How many bytes of text an answer has whose tokens its provider has not counted. */
export function uncounted({ output }: Usage, read: () => Message): { readonly said?: number } {
  if (output !== undefined) return {};
  try {
    const texts = read()
      .blocks.flatMap(partsOf)
      .map(({ text }) => Buffer.byteLength(text));
    return { said: texts.reduce((sum, bytes) => sum + bytes, 0) };
  } catch {
    return {};
  }
}

/** A provider's JSON answer. Some say 200 and mean an error, or send a page of HTML: both are faults. */
export function answerObject(bytes: Uint8Array, protocol: Protocol): Obj {
  const text = new TextDecoder().decode(bytes);
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch (cause) {
    throw new Fault("upstream", "The provider's answer is not JSON.", { cause });
  }
  if (!isObj(body)) throw new Fault("upstream", "The provider's answer is not a JSON object.");
  if (isObj(body.error) && body.id === undefined) throw protocol.fault.decode(502, text);
  return body;
}
