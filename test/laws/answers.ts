/** Recorded answers as messages of canon, and what an encoder needs to say them to a caller. */
import { collect, type Message } from "../../src/canon/event.ts";
import type { CanonRequest, ProtocolId } from "../../src/canon/request.ts";
import { protocols } from "../../src/protocols/index.ts";
import type { ReplyContext } from "../../src/protocols/protocol.ts";
import { isStream, type Recording } from "../recordings.ts";
import { eventsOf } from "./laws.ts";

const request: CanonRequest = {
  model: "m",
  stream: true,
  turns: [],
  streamUsage: true,
  reasoning: { summary: "auto" },
};

/** A caller who wants everything shown. */
export const context: ReplyContext = {
  request,
  id: "x1",
  createdAt: 1,
  seal: () => "gbxr1AAAA",
  lose: () => undefined,
};

/** The answer, or `undefined` where the recording is none: a failure, another endpoint, an answer that is still coming. */
export function messageOf(recording: Recording, protocol: ProtocolId): Message | undefined {
  try {
    if (recording.response.status >= 400) return undefined;
    if (isStream(recording)) return collect(eventsOf(protocols[protocol], recording.response.body));
    const { body } = recording.response;
    return typeof body === "object" && body !== null ? protocols[protocol].reply.decode(body) : undefined;
  } catch {
    return undefined;
  }
}
