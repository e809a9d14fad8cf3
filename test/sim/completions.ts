// OpenAI's legacy completions: the blocks' text, as chat would answer it.

import { missing, openaiAuth, openaiMembers, openaiModel } from "./check.ts";
import { plain } from "./embeddings.ts";
import { type Obj, obj } from "./json.ts";
import { createdAt, openaiError, openaiHeaders } from "./openai.ts";
import { words } from "./take.ts";
import type { Take, Wire } from "./wire.ts";

const members =
  "model prompt best_of echo frequency_penalty logit_bias logprobs max_tokens n presence_penalty seed stop stream stream_options suffix temperature top_p user".split(
    " ",
  );

export const completions: Wire = {
  ...plain,
  protocol: "completions",
  checks: [
    openaiAuth,
    openaiModel,
    openaiMembers(members),
    ({ body }) => (body.prompt === undefined ? missing("prompt") : undefined),
  ],
  json: (take, { model }) => ({
    ...envelope(take, model),
    choices: [choice(textOf(take), "stop")],
    usage: usage(take),
  }),
  stream(take, { model, body }) {
    const wantsUsage = obj(body.stream_options).include_usage === true;
    const chunk = (choices: Obj[], extra: Obj = {}): string =>
      frame({ ...envelope(take, model), choices, ...(wantsUsage ? { usage: null } : {}), ...extra });
    const frames = [...words(textOf(take)).map((text) => chunk([choice(text, null)])), chunk([choice("", "stop")])];
    if (wantsUsage) frames.push(chunk([], { usage: usage(take) }));
    return { frames: [...frames, "data: [DONE]\n\n"], tail: 1 };
  },
  error: openaiError,
  streamError: () => [frame({ error: { message: "[simulated] The server had an error.", type: "server_error" } })],
  headers: openaiHeaders,
};

function envelope(take: Take, model: string): Obj {
  return { id: take.id("cmpl").replace("_", "-"), object: "text_completion", created: createdAt, model };
}

function choice(text: string, reason: string | null): Obj {
  return { text, index: 0, logprobs: null, finish_reason: reason };
}

export function textOf({ blocks }: Take): string {
  return blocks.map((block) => ("text" in block ? block.text : "")).join("");
}

function usage({ usage: { input, output } }: Take): Obj {
  return { prompt_tokens: input, completion_tokens: output, total_tokens: input + output };
}

function frame(data: Obj): string {
  return `data: ${JSON.stringify(data)}\n\n`;
}
