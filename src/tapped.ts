/** An answer whose bytes pass through somebody who reads them, and may tell them otherwise. */
import type { Answer } from "./pipes.ts";

export interface Tap {
  push(chunk: Uint8Array): Uint8Array;
  end(): Uint8Array;
  /** What is said between two frames to keep a connection alive. */
  beat(bytes: Uint8Array): Uint8Array;
  /** Pending while the caller has to wait for something. */
  readonly ready?: Promise<void> | undefined;
}

export function tapped(answer: Answer, tap: Tap): Answer {
  return {
    push: (chunk) => tap.push(answer.push(chunk)),
    end: () => Buffer.concat([tap.push(answer.end()), tap.end()]),
    fail: (thrown) => Buffer.concat([tap.push(answer.fail(thrown)), tap.end()]),
    beat: (idleMs) => tap.beat(answer.beat(idleMs)),
    leave: () => answer.leave(),
    get done() {
      return answer.done;
    },
    get ready() {
      return tap.ready;
    },
    get committed() {
      return answer.committed;
    },
    get fault() {
      return answer.fault;
    },
    get said() {
      return answer.said;
    },
  };
}
