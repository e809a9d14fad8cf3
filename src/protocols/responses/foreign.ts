/** Members that only another protocol has: which are refused here, which go on, and which are dropped in silence. */
import { defined, type Json, list, type Obj, obj } from "../../canon/json.ts";
import type { CanonRequest, Lose, ProtocolId } from "../../canon/request.ts";
import { unsupported } from "../../fault.ts";

type Foreign = Exclude<ProtocolId, "responses">;
type Asks = (value: Json) => boolean;

const anything: Asks = () => true;
const several: Asks = (value) => value !== 1;
const isTrue: Asks = (value) => value === true;
const notZero: Asks = (value) => value !== 0;
const isFilled: Asks = (value) => list(value).length > 0 || Object.keys(obj(value)).length > 0;
const notText: Asks = (value) => list(value).some((each) => String(each).toLowerCase() !== "text");

/** Members that change what the answer is (wire.md C.27), and when they do. */
const refused: Readonly<Record<Foreign, Readonly<Record<string, Asks>>>> = {
  chat: {
    n: several,
    audio: anything,
    modalities: notText,
    logprobs: isTrue,
    top_logprobs: notZero,
    logit_bias: isFilled,
    web_search_options: anything,
  },
  messages: { container: anything, mcp_servers: isFilled },
  gemini: {
    cachedContent: anything,
    candidateCount: several,
    responseModalities: notText,
    speechConfig: anything,
    responseLogprobs: isTrue,
    logprobs: notZero,
  },
};

/** Bookkeeping, and hints to caches that this API has no use for. */
const silent: Readonly<Record<Foreign, ReadonlySet<string>>> = {
  chat: new Set(["stream_options", "metadata"]),
  messages: new Set(["metadata"]),
  gemini: new Set(["labels", "safetySettings"]),
};

/** Chat Completions is of the same house: these mean the same there. */
const shared = ["prompt_cache_options", "prompt_cache_retention", "moderation"] as const;

/** The members that go on to this API; throws for those that must not be lost, reports the others. */
export function encodeForeign({ ext }: CanonRequest, lose: Lose): Obj {
  for (const protocol of ["chat", "messages", "gemini"] as const) {
    const members = ext?.[protocol] ?? {};
    refuse(members, "", refused[protocol]);
    refuse(obj(members.generationConfig), "generationConfig.", refused[protocol]);
    for (const [member, value] of Object.entries(members)) {
      if (value !== undefined && value !== null && !isSilent(protocol, member, value)) lose(`ext.${member}`);
    }
  }
  const chat = ext?.chat ?? {};
  return defined(Object.fromEntries(shared.map((member) => [member, chat[member] ?? undefined])));
}

function refuse(members: Obj, path: string, asks: Readonly<Record<string, Asks>>): void {
  for (const [member, value] of Object.entries(members)) {
    if (value === undefined || value === null || asks[member]?.(value) !== true) continue;
    throw unsupported(`${path}${member}`, "cannot be said to the Responses API.");
  }
}

/** What asks for nothing is not missed either: `n: 1`, no biases, nothing kept. */
function isSilent(protocol: Foreign, member: string, value: Json): boolean {
  if (silent[protocol].has(member) || refused[protocol][member] !== undefined) return true;
  return protocol === "chat" && ((member === "store" && value === false) || shared.some((each) => each === member));
}
