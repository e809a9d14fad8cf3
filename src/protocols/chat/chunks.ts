/** Events said as the chunks of a streamed Chat answer. */
import type { Event } from "../../canon/event.ts";
import type { Obj } from "../../canon/json.ts";
import { asFault, type Fault } from "../../fault.ts";
import type { OutFrame } from "../../http/sse.ts";
import type { Encoder, ReplyContext } from "../protocol.ts";
import { encode as encodeFault } from "./fault.ts";
import { finishWord, keptOf } from "./reply.ts";
import { type Speakers, speakers } from "./speakers.ts";
import { writeUsage } from "./usage.ts";

export function encode(context: ReplyContext): Encoder {
  const say = sayer(context);
  let hasEnded = false;

  function said(event: Event): OutFrame[] {
    switch (event.type) {
      case "start":
        return say.begin();
      case "open":
        return say.deltas(say.blocks.open(event.index, event.block));
      case "delta":
        return say.deltas(say.blocks.more(event.index, event));
      case "seal":
        say.blocks.seal(event.index, event.native);
        return [];
      case "close":
        return say.deltas(say.blocks.close(event.index, event.ext));
      case "finish":
        return say.finish(event);
      case "error":
        throw event.fault;
    }
  }

  return {
    event(event) {
      if (hasEnded) return [];
      hasEnded = event.type === "finish" || event.type === "error";
      try {
        return said(event);
      } catch (thrown) {
        hasEnded = true;
        return [errorFrame(asFault(thrown))];
      }
    },
    beat: () => [{ comment: "keepalive" }],
  };
}

interface Sayer {
  readonly blocks: Speakers;
  /** The chunk with the role, once. */
  begin(): OutFrame[];
  deltas(deltas: readonly Obj[]): OutFrame[];
  finish(event: Extract<Event, { type: "finish" }>): OutFrame[];
}

function sayer(context: ReplyContext): Sayer {
  const blocks = speakers(context);
  const chunk = chunkOf(context);
  let hasBegun = false;

  function begin(): OutFrame[] {
    if (hasBegun) return [];
    hasBegun = true;
    return [frame(chunk({ role: "assistant", content: "" }))];
  }

  function deltas(deltas: readonly Obj[]): OutFrame[] {
    return [...begin(), ...deltas.map((delta) => frame(chunk(delta)))];
  }

  return {
    blocks,
    begin,
    deltas,
    finish({ finish, usage: known, ext }) {
      const word = finishWord(finish, blocks.hasRefused(), context.lose);
      const { reason, explanation } = finish;
      const declined = reason === "refusal" && explanation !== undefined && !blocks.hasRefused();
      const usage = context.request.streamUsage === true ? writeUsage(known) : undefined;
      return [
        ...deltas(declined ? [{ refusal: explanation }] : []),
        frame({ ...chunk({}, word), ...keptOf(ext?.chat) }),
        ...(usage === undefined ? [] : [frame({ ...chunk({}), choices: [], usage })]),
        { data: "[DONE]" },
      ];
    },
  };
}

/** The frame that ends a stream in failure: clients throw on it, and no `[DONE]` follows. */
export function errorFrame(fault: Fault): OutFrame {
  return frame(encodeFault(fault));
}

function frame(value: Obj): OutFrame {
  return { data: JSON.stringify(value) };
}

function chunkOf({ id, createdAt: created, request }: ReplyContext): (delta: Obj, finish?: string) => Obj {
  const head = { id: `chatcmpl-${id}`, object: "chat.completion.chunk", created, model: request.model };
  const tail = request.streamUsage === true ? { usage: null } : {};
  return (delta, finish) => ({
    ...head,
    choices: [{ index: 0, delta, logprobs: null, finish_reason: finish ?? null }],
    ...tail,
  });
}
