/**
 * What a passed-on answer costs, read as it goes by. Embeddings and images can be tens of megabytes of JSON: no answer
 * is gathered, and the usage object, which servers write last, is looked for in the end of it.
 */
import { isObj } from "../canon/json.ts";
import { noUsage, type Usage } from "../canon/usage.ts";
import { Fault } from "../fault.ts";
import type { Pipe } from "../http/stream.ts";
import type { Tell } from "../pipes.ts";
import { protocols } from "../protocols/index.ts";
import type { Protocol, Watch } from "../protocols/protocol.ts";

const nothing = new Uint8Array(0);
const tailBytes = 64 * 1024;

/** Passes a JSON answer on untouched. One that breaks off breaks the caller's connection too: nothing can be said in it. */
export function metered(tell: Tell): Pipe {
  const tail: Uint8Array[] = [];
  let size = 0;

  function keep(chunk: Uint8Array): Uint8Array {
    tail.push(chunk);
    size += chunk.length;
    for (let [first] = tail; first !== undefined && size - first.length >= tailBytes; [first] = tail) {
      tail.shift();
      size -= first.length;
    }
    return chunk;
  }

  return {
    push: keep,
    end() {
      tell({ usage: usageIn(Buffer.concat(tail).toString()), ended: "whole" });
      return nothing;
    },
    fail(cause) {
      const fault = new Fault("upstream", "The provider's answer broke off.", { cause });
      tell({ usage: noUsage, ended: "cut", fault });
      throw fault;
    },
    beat: () => nothing,
    leave: () => tell({ usage: noUsage, ended: "left" }),
    done: false,
  };
}

/** How a stream of images or of speech is followed: OpenAI's typed events, which end in `completed` or `done`. */
export const typedEvents: Protocol = {
  ...protocols.chat,
  stream: { ...protocols.chat.stream, watch: watchTyped },
};

function watchTyped(): Watch {
  const { beat, fail } = protocols.chat.stream.watch();
  return {
    see({ event = "", data }) {
      if (event === "error" || /^\s*\{\s*("type"\s*:\s*"error"\s*,\s*)?"error"\s*:\s*\{/.test(data)) {
        return { fault: protocols.chat.fault.decode(502, data), ends: true };
      }
      const usage = usageIn(data);
      const ends = /\.(completed|done)$/.test(event) || /"type"\s*:\s*"[\w.]+\.(completed|done)"/.test(data);
      return { commits: true, ends: ends || data.trim() === "[DONE]", ...(usage !== noUsage && { usage }) };
    },
    beat,
    fail,
  };
}

/** The usage that this answer ends with. */
export function usageAtEnd(answer: Uint8Array): Usage {
  return usageIn(Buffer.from(answer.subarray(-tailBytes)).toString());
}

/** The last usage object in a JSON text, or in the end of one. A quote inside a string is escaped, so no text is one. */
function usageIn(json: string): Usage {
  const found = [...json.matchAll(/"usage"\s*:\s*(\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\})/g)].at(-1)?.[1];
  return found === undefined ? noUsage : readUsage(parse(found));
}

/** Chat's names for the counts or those of Responses. What generates no tokens (embeddings) says nothing of an output. */
function readUsage(usage: unknown): Usage {
  if (!isObj(usage)) return noUsage;
  const { input, output, ...more } = ("input_tokens" in usage ? protocols.responses : protocols.chat).usage(
    { usage },
    noUsage,
  );
  return input === undefined ? noUsage : { input, output: output ?? 0, ...more };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
