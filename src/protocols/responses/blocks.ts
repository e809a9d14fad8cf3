/** Which blocks of an answer are being written, each by the writer of its item; neighbouring texts share a message. */
import { type Event, grow, partsOf } from "../../canon/event.ts";
import type { Block } from "../../canon/request.ts";
import type { ReplyContext } from "../protocol.ts";
import type { Ledger } from "./ledger.ts";
import { isPart, type MessageItem, openMessage } from "./message-item.ts";
import { openItem, type Writer } from "./output.ts";

type Of<T extends Event["type"]> = Extract<Event, { type: T }>;

export interface Blocks {
  open(event: Of<"open">): void;
  more(event: Of<"delta" | "seal" | "close">): void;
  /** A block that we add ourselves. */
  add(block: Block): void;
  /** No more blocks: the last message is done. */
  end(): void;
  /** Has any text been shown? */
  readonly hasText: boolean;
  readonly refusal: string | undefined;
}

interface Open {
  block: Block;
  readonly writer: Writer;
}

export function blocksOf(book: Ledger, context: ReplyContext): Blocks {
  const open = new Map<number, Open>();
  let message: MessageItem | undefined;
  let hasText = false;
  let refusal: string | undefined;

  function writerOf(block: Block): Writer | undefined {
    const joins = isPart(block);
    if (!joins || message?.takes(block) !== true) {
      message?.end();
      message = joins ? openMessage(block, book) : undefined;
    }
    return message === undefined ? openItem(block, book, context.seal) : message.part(block);
  }

  function start(block: Block, index: number): Writer | undefined {
    book.release();
    const writer = writerOf(block);
    for (const delta of partsOf(block)) writer?.delta({ type: "delta", index, ...delta });
    return writer;
  }

  function close(block: Block, writer: Writer): void {
    if (block.type === "text" && block.text !== "") hasText = true;
    if (block.type === "refusal") refusal = block.text;
    writer.close(block);
  }

  return {
    open({ block, index }) {
      const writer = start(block, index);
      if (writer === undefined) context.lose(`blocks[${index}]`);
      else open.set(index, { block, writer });
    },
    more(event) {
      const opened = open.get(event.index);
      if (opened === undefined) return;
      opened.block = grow(opened.block, event);
      if (event.type === "delta") opened.writer.delta(event);
      if (event.type !== "close") return;
      open.delete(event.index);
      close(opened.block, opened.writer);
    },
    add(block) {
      const writer = start(block, 0);
      if (writer !== undefined) close(block, writer);
    },
    end() {
      message?.end();
      message = undefined;
    },
    get hasText() {
      return hasText;
    },
    get refusal() {
      return refusal;
    },
  };
}
