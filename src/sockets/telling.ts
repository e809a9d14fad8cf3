/** The frames of an answer's stream become messages, and its end something to go on from. */
import { isObj, list, type Obj, obj, text } from "../canon/json.ts";
import type { Batch, Frame } from "../http/sse.ts";
import type { Create } from "./frame.ts";
import { messageOf, objectIn, typeOf } from "./message.ts";

/** An answer that somebody may go on from. */
interface Told {
  readonly id: string;
  /** Items as JSON. */
  readonly output: readonly string[];
  /** Whoever goes on from it finds it where it is kept. */
  readonly isStored: boolean;
}

/** Sends the last message of such an answer. */
export type Finish = (message: string, told: Told) => void;

export interface Teller {
  send(message: string): void;
  readonly finish: Finish;
}

/** The ends that a later call may go on from. */
const ends: ReadonlySet<string> = new Set(["response.completed", "response.incomplete"]);
const keepalive = JSON.stringify({ type: "keepalive" });

/** @param headers of the answer: they are told with its first event */
export function teller(create: Create, headers: Obj, { send, finish }: Teller): (batch: Batch) => void {
  const items: string[] = [];

  function tell(frame: Frame): void {
    const type = typeOf(frame);
    // What is no event; and a failure in the words of event streams, which `response.failed` says again.
    if (type === "" || type === "error") return;
    const message = messageOf(frame.data, { ...create, ...(type === "response.created" && { headers }) });
    const { item } = type === "response.output_item.done" ? objectIn(frame.data) : {};
    if (isObj(item)) items.push(JSON.stringify(item));
    if (ends.has(type)) finish(message, toldIn(frame.data, items));
    else send(message);
  }

  return ({ frames, bytes }) => {
    for (const { frame } of frames) tell(frame);
    // What keeps an event stream alive is no event, and none of a WebSocket's messages.
    if (frames.length === 0 && bytes.length > 0) send(messageOf(keepalive, { lane: create.lane }));
  };
}

/** Some providers leave out of the last event what they have told before. */
function toldIn(data: string, items: readonly string[]): Told {
  const response = obj(objectIn(data).response);
  const output = list(response.output).map((item) => JSON.stringify(item));
  const isStored = response.store === true;
  return { id: text(response.id) ?? "", output: output.length === 0 ? items : output, isStored };
}
