// OpenAI images: a PNG of the script's, or one of a single dot, however it was asked for.

import { missing, openaiAuth } from "./check.ts";
import { plain } from "./embeddings.ts";
import type { Obj } from "./json.ts";
import { createdAt, openaiError, openaiHeaders } from "./openai.ts";
import type { Take, Wire } from "./wire.ts";

const dot = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

export const images: Wire = {
  ...plain,
  protocol: "images",
  checks: [
    openaiAuth,
    ({ body }) => ("image" in body || "image[]" in body || "prompt" in body ? undefined : missing("prompt")),
  ],
  json: (take) => ({ created: createdAt, data: [{ b64_json: pictureOf(take) }], ...usage(take) }),
  stream(take, { body }) {
    const kind = "image" in body || "images" in body ? "image_edit" : "image_generation";
    const partial = { type: `${kind}.partial_image`, partial_image_index: 0, b64_json: dot, created_at: createdAt };
    const whole = { type: `${kind}.completed`, b64_json: pictureOf(take), created_at: createdAt, ...usage(take) };
    return { frames: [frame(partial), frame(whole)], tail: 1 };
  },
  error: openaiError,
  streamError: () => [frame({ type: "error", error: { message: "[simulated] No picture.", type: "server_error" } })],
  headers: openaiHeaders,
};

function pictureOf({ blocks }: Take): string {
  return blocks.flatMap((block) => ("image" in block ? [block.image] : []))[0] ?? dot;
}

function usage({ usage: { input, output } }: Take): Obj {
  const details = { text_tokens: input, image_tokens: 0 };
  return {
    usage: { input_tokens: input, output_tokens: output, total_tokens: input + output, input_tokens_details: details },
  };
}

function frame(data: Obj): string {
  return `event: ${String(data.type)}\ndata: ${JSON.stringify(data)}\n\n`;
}
