/**
 * A message item as it comes into being. Texts that follow each other are parts of one message, as a provider that cites
 * cuts one sentence into many and Codex shows each message on its own. A refusal has a message to itself: Codex passes
 * over a whole message that holds one, the text beside it included.
 */

import type { Obj } from "../../canon/json.ts";
import type { Annotation, Block } from "../../canon/request.ts";
import type { Sink, Writer } from "./output.ts";
import { encodeAnnotation, encodePart } from "./parts.ts";
import { ownOf } from "./wire.ts";

export interface MessageItem {
  /** Does this block belong into this message? */
  takes(block: Block): boolean;
  part(block: Block): Writer;
  /** No more parts: the item is done as soon as none is open. */
  end(): void;
}

export function isPart(block: Block): boolean {
  if (block.type === "opaque") return block.protocol === "responses" && block.value.type === "message";
  return block.type === "text" || block.type === "refusal";
}

/** Members of a block's `ext` that belong to the item; the others are the part's. */
const ofItem = "phase";

export function openMessage(first: Block, sink: Sink): MessageItem {
  const { id, index } = sink.place("msg_");
  const phase = phaseOf(first);
  const item = (status: string, content: readonly Obj[]): Obj => ({
    id,
    type: "message",
    status,
    role: "assistant",
    content,
    ...phase,
  });
  const parts: Obj[] = [];
  let open = 0;
  let ended = false;
  const finish = (): void => {
    if (ended && open === 0) sink.done({ id, index }, item("completed", parts));
  };
  sink.send("response.output_item.added", { output_index: index, item: item("in_progress", []) });
  return {
    takes: (block) =>
      !ended &&
      (block.type === "refusal") === (first.type === "refusal") &&
      JSON.stringify(phaseOf(block)) === JSON.stringify(phase),
    part(block) {
      const place = parts.length;
      parts.push({});
      open++;
      return openPart(block, { item_id: id, output_index: index, content_index: place }, sink, (part) => {
        parts[place] = part;
        open--;
        finish();
      });
    },
    end() {
      if (ended) return;
      ended = true;
      finish();
    },
  };
}

function phaseOf(block: Block): Obj {
  const phase = block.type === "opaque" ? undefined : ownOf(block)[ofItem];
  return phase === undefined ? {} : { phase };
}

function openPart(opened: Block, ids: Obj, sink: Sink, whole: (part: Obj) => void): Writer {
  const start = partOf(opened.type === "text" || opened.type === "refusal" ? { ...opened, text: "" } : opened);
  const isRefusal = opened.type === "refusal";
  const stem = isRefusal ? "response.refusal" : "response.output_text";
  const logprobs = isRefusal ? {} : { logprobs: [] };
  const cited: Annotation[] = [];
  const cite = (at: number, annotation: Annotation, length: number): void => {
    const said = { annotation_index: at, annotation: encodeAnnotation(annotation, length) };
    sink.send("response.output_text.annotation.added", { ...ids, ...said });
  };
  sink.send("response.content_part.added", { ...ids, part: isRefusal ? start : { ...start, ...bare(opened) } });
  return {
    delta({ text, annotations = [] }) {
      if (text !== "") sink.send(`${stem}.delta`, { ...ids, delta: text, ...logprobs });
      for (const annotation of annotations) {
        const at = cited.push(annotation) - 1;
        if (annotation.end !== undefined) cite(at, annotation, annotation.end);
      }
    },
    close(block) {
      const part = partOf(block);
      // How long the text is that a citation without a place is for shows only now.
      const length = block.type === "text" ? block.text.length : 0;
      for (const [at, annotation] of cited.entries()) if (annotation.end === undefined) cite(at, annotation, length);
      if (block.type === "text") sink.send(`${stem}.done`, { ...ids, text: block.text, ...logprobs });
      if (block.type === "refusal") sink.send(`${stem}.done`, { ...ids, refusal: block.text });
      sink.send("response.content_part.done", { ...ids, part });
      whole(part);
    },
  };
}

/** A text part has no citations when it begins. */
function bare(block: Block): Obj {
  return block.type === "text" ? { annotations: [] } : {};
}

function partOf(block: Block): Obj {
  const { [ofItem]: _, ...part } = encodePart(block, "output_text") ?? {};
  return part.type === "output_text" && part.logprobs === undefined ? { ...part, logprobs: [] } : part;
}
