/**
 * Events of canon as the events of a Responses stream, in the official order (wire.md B.1.6): `response.created` first,
 * one terminal event last.
 */
import type { Event, Finish } from "../../canon/event.ts";
import { type Obj, obj } from "../../canon/json.ts";
import { fold, noUsage, type Usage } from "../../canon/usage.ts";
import type { Fault } from "../../fault.ts";
import type { OutFrame } from "../../http/sse.ts";
import type { Encoder, ReplyContext } from "../protocol.ts";
import { type Blocks, blocksOf } from "./blocks.ts";
import { encodeFailure } from "./fault.ts";
import { type Ledger, ledger } from "./ledger.ts";

export function encoder(context: ReplyContext): Encoder {
  const speak = speaker(context);
  return {
    event: (event) => speak.event(event).map(frameOf),
    beat: () => speak.beat()?.map(frameOf) ?? [{ comment: "gearbox" }],
  };
}

/** A wire event as a frame. */
export function frameOf(event: Obj): OutFrame {
  return { event: String(event.type), data: JSON.stringify(event) };
}

interface Speaker {
  event(event: Event): Obj[];
  /** `undefined` where no event may be sent yet. */
  beat(): Obj[] | undefined;
}

/** The same with objects in the place of frames: the last one holds the whole answer. */
export function speaker(context: ReplyContext): Speaker {
  const book = ledger(context);
  const blocks = blocksOf(book, context);
  let state: "new" | "open" | "ended" = "new";
  let usage: Usage = noUsage;

  function begin(): void {
    if (state === "new") {
      book.tell("response.created", { status: "in_progress" });
      book.tell("response.in_progress", { status: "in_progress" });
    }
    state = "open";
  }

  function take(event: Event): void {
    switch (event.type) {
      case "open":
        blocks.open(event);
        break;
      case "delta":
      case "seal":
      case "close":
        blocks.more(event);
        break;
      case "start":
        usage = fold(usage, event.usage ?? noUsage);
        break;
      case "finish":
        state = "ended";
        finish({ ...event, usage: fold(usage, event.usage) }, { book, blocks, context });
        break;
      case "error":
        state = "ended";
        fail(event.fault, fold(usage, event.usage ?? noUsage), book);
    }
  }

  return {
    event(event) {
      if (state === "ended") return [];
      begin();
      take(event);
      return book.take();
    },
    beat() {
      // Before `response.created` any other event makes the SDKs throw.
      if (state === "new") return undefined;
      if (state === "open") book.tell("response.in_progress", { status: "in_progress" });
      return book.take();
    },
  };
}

interface Written {
  readonly book: Ledger;
  readonly blocks: Blocks;
  readonly context: ReplyContext;
}

/** How the answer ends for each reason. What the provider's filter cut is told as a refusal (wire.md C.23). */
const endings = {
  stop: "whole",
  stop_sequence: "whole",
  calls: "whole",
  refusal: "declined",
  filter: "declined",
  pause: "whole",
  other: "whole",
  length: "cut",
  context: "cut",
} as const satisfies Record<Finish["reason"], "whole" | "declined" | "cut">;

function finish({ finish, usage, ext }: Extract<Event, { type: "finish" }>, { book, blocks, context }: Written): void {
  const { incomplete_details: own, service_tier: tier } = ext?.responses ?? {};
  const ending = obj(own).reason === undefined ? endings[finish.reason] : "cut";
  if (ending === "cut") book.drop();
  else book.release();
  refuse(finish, ending === "declined", blocks, context);
  blocks.end();
  const told = tier === undefined ? { usage } : { usage, tier };
  if (ending === "cut") {
    book.tell("response.incomplete", { status: "incomplete", incomplete: own ?? outOfTokens, ...told });
  } else {
    book.tell("response.completed", { status: "completed", ...told });
  }
}

const outOfTokens = { reason: "max_output_tokens" };

function fail(fault: Fault, usage: Usage, book: Ledger): void {
  book.drop();
  book.tell("response.failed", { status: "failed", error: encodeFailure(fault), usage });
}

/** A refusal must be seen: the official SDKs look for its part, and Codex shows nothing but text (wire.md C.23). */
function refuse({ explanation }: Finish, declined: boolean, blocks: Blocks, context: ReplyContext): void {
  const words = blocks.refusal ?? explanation ?? "The model declined to answer.";
  if (declined && blocks.refusal === undefined) blocks.add({ type: "refusal", text: words });
  const isCodex = context.request.ext?.responses?.client_metadata !== undefined;
  if (isCodex && !blocks.hasText && blocks.refusal !== undefined) blocks.add({ type: "text", text: words });
}
