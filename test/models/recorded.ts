/** Recorded calls with what their provider counted, read by the protocols' own readers. */
import { isObj, type Obj } from "../../src/canon/json.ts";
import type { ProtocolId } from "../../src/canon/request.ts";
import { noUsage, type Usage } from "../../src/canon/usage.ts";
import { framer } from "../../src/http/sse.ts";
import { protocols } from "../../src/protocols/index.ts";
import { isStream, type Recording, recordings } from "../recordings.ts";

export interface RecordedCall {
  readonly name: string;
  readonly host: string;
  readonly protocol: ProtocolId;
  readonly model: string;
  /** Absent where only the answer was recorded. */
  readonly request?: Obj;
  readonly usage: Usage;
  /** The answer, where it is no stream. */
  readonly answer?: Obj;
  readonly notes: readonly string[];
}

/** All that were answered and carry a usage. */
export function recordedCalls(): readonly RecordedCall[] {
  const kinds = ["openai-chat", "openai-responses", "anthropic", "gemini", "openai-compatible"];
  return kinds.flatMap((kind) => recordings(kind)).flatMap(readCall);
}

interface Noted extends Recording {
  readonly host?: string;
  readonly notes?: readonly string[];
}

function readCall(recording: Noted): RecordedCall[] {
  const { name, host = "", model, request, response, notes = [] } = recording;
  const protocol = protocolOf(recording);
  if (protocol === undefined || response.status !== 200) return [];
  const usage = usageOf(protocol, recording);
  if (usage.input === undefined) return [];
  const asked = isObj(request?.body) ? { request: request.body } : {};
  const said = isObj(response.body) ? { answer: response.body } : {};
  return [{ name, host, protocol, model, usage, notes, ...asked, ...said }];
}

const paths: readonly (readonly [RegExp, ProtocolId])[] = [
  [/chat\/completions/, "chat"],
  [/\/responses/, "responses"],
  [/\/messages|[iI]nvoke|[rR]awPredict/, "messages"],
  [/enerateContent/, "gemini"],
];

const ofKind: Readonly<Record<string, ProtocolId>> = {
  "openai-chat": "chat",
  "openai-responses": "responses",
  anthropic: "messages",
  gemini: "gemini",
};

function protocolOf({ kind, request }: Recording): ProtocolId | undefined {
  if (request === undefined) return ofKind[kind];
  return paths.find(([pattern]) => pattern.test(request.path))?.[1];
}

function usageOf(protocol: ProtocolId, recording: Recording): Usage {
  const read = protocols[protocol].usage;
  if (!isStream(recording)) return isObj(recording.response.body) ? read(recording.response.body, noUsage) : noUsage;
  const frames = framer();
  const bytes = new TextEncoder().encode(recording.response.body);
  const placed = [...frames.push(bytes).frames, ...frames.end().frames];
  const bodies = placed.map(({ frame }) => parse(frame.data)).filter(isObj);
  return bodies.reduce<Usage>((was, body) => read(body, was), noUsage);
}

function parse(data: string): unknown {
  try {
    return JSON.parse(data) as unknown;
  } catch {
    return undefined;
  }
}
