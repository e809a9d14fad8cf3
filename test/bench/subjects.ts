/** What is compared: each subject is one way of a call through one of the hosts. */
import type { ProtocolId } from "../../src/canon/request.ts";
import type { CallerId } from "./canned.ts";

/** The processes that are called: the mock itself, the small Workers, our gateway, Portkey. */
export type HostId = "direct" | "floor" | "tap" | "gateway" | "portkey";

export interface Subject {
  readonly id: string;
  /** For the table. */
  readonly name: string;
  readonly host: HostId;
  readonly caller: CallerId;
  /** Our gateway only: the protocol of the provider. */
  readonly provider?: ProtocolId;
  /** Our gateway only: is each answer but the first from the cache? */
  readonly cached?: boolean;
  /** Is its memory with many open streams measured? Each takes a process of its own and some seconds. */
  readonly holds?: boolean;
  /** Its colour and its name in the picture, where it is there. */
  readonly colour?: string;
  readonly picture?: string;
}

export const subjects: readonly Subject[] = [
  { id: "direct", name: "direct, no gateway", host: "direct", caller: "chat" },
  {
    id: "floor",
    name: "**floor**: a Worker that only forwards",
    host: "floor",
    caller: "chat",
    holds: true,
    colour: "#9aa5b1",
    picture: "only forwards",
  },
  {
    id: "tap",
    name: "floor + idle JavaScript tap",
    host: "tap",
    caller: "chat",
    holds: true,
    colour: "#c3ccd6",
    picture: "idle tap",
  },
  ...lane("chat", "chat", { holds: true, colour: "#2b6cb0", picture: "Gearbox relay" }),
  ...lane("responses", "responses"),
  ...lane("chat", "responses"),
  ...lane("chat", "messages"),
  ...lane("chat", "gemini"),
  ...lane("responses", "chat"),
  ...lane("responses", "messages", { holds: true, colour: "#63b3ed", picture: "Gearbox translate" }),
  ...lane("responses", "gemini"),
  {
    id: "hit-chat",
    name: "Gearbox from its cache: chat",
    host: "gateway",
    caller: "chat",
    provider: "chat",
    cached: true,
  },
  {
    id: "portkey",
    name: "Portkey 1.15.2, Node 24, chat",
    host: "portkey",
    caller: "chat",
    holds: true,
    colour: "#dd6b20",
    picture: "Portkey",
  },
];

/** The subjects whose id contains one of the words; the floor and the direct way always, since the rest is told by them. */
export function choose(words: readonly string[]): readonly Subject[] {
  const isChosen = ({ id }: Subject): boolean => words.length === 0 || words.some((word) => id.includes(word));
  return subjects.filter((subject) => isChosen(subject) || subject.id === "floor" || subject.id === "direct");
}

function lane(
  caller: CallerId,
  provider: ProtocolId,
  more: Pick<Subject, "holds" | "colour" | "picture"> = {},
): readonly Subject[] {
  const way = caller === provider ? "relay" : "translate";
  const name = `Gearbox ${way}: ${caller} → ${provider}`;
  return [{ id: `${way}-${caller}-${provider}`, name, host: "gateway", caller, provider, ...more }];
}
