/**
 * The written side of a Responses stream: numbers its events, gives items their places, keeps those that are done, and
 * holds back the newest call. Codex runs a call as soon as its item is done, so that event waits until the answer goes
 * on, or ends as one that was not cut.
 */
import type { Obj } from "../../canon/json.ts";
import type { ReplyContext } from "../protocol.ts";
import type { Place, Sink } from "./output.ts";
import { responseObject, type Told } from "./response.ts";

export interface Ledger extends Sink {
  /** An event with the response object as it stands. */
  tell(type: string, told: Omit<Told, "output">): void;
  /** The held call is whole after all. */
  release(): void;
  /** The held call was cut: nobody may run it. */
  drop(): void;
  /** What was sent since the last time. */
  take(): Obj[];
}

export function ledger(context: ReplyContext): Ledger {
  const respond = responseObject(context);
  const output: [number, Obj][] = [];
  let sent: Obj[] = [];
  let sequence = 0;
  let items = 0;
  let held: [Place, Obj] | undefined;

  const book: Ledger = {
    place(prefix, id) {
      const index = items++;
      return { index, id: id ?? `${prefix}${context.id}${index}` };
    },
    send(type, members) {
      sent.push({ type, sequence_number: sequence++, ...members });
    },
    done({ index }, item) {
      output.push([index, item]);
      book.send("response.output_item.done", { output_index: index, item });
    },
    hold(place, item) {
      book.release();
      held = [place, item];
    },
    release() {
      if (held !== undefined) book.done(...held);
      held = undefined;
    },
    drop() {
      held = undefined;
    },
    tell(type, told) {
      const inOrder = [...output].sort(([one], [other]) => one - other).map(([, item]) => item);
      book.send(type, { response: respond({ output: inOrder, ...told }) });
    },
    take() {
      const taken = sent;
      sent = [];
      return taken;
    },
  };
  return book;
}
