// OpenAI audio: speech is the text's bytes under a sound's name, a transcription is the script's text.

import { missing, openaiAuth, openaiModel } from "./check.ts";
import { textOf } from "./completions.ts";
import { plain } from "./embeddings.ts";
import type { Obj } from "./json.ts";
import { openaiError, openaiHeaders } from "./openai.ts";
import { words } from "./take.ts";
import type { Take, Wire } from "./wire.ts";

export const speech: Wire = {
  ...plain,
  protocol: "audio",
  checks: [openaiAuth, openaiModel, ({ body }) => (typeof body.input === "string" ? undefined : missing("input"))],
  streams: ({ stream_format: format }) => format === "sse",
  json: () => ({}),
  whole: (_take, { body }) => ({ type: "audio/mpeg", bytes: soundOf(String(body.input)).toString("latin1") }),
  stream(take, { body }) {
    const audio = soundOf(String(body.input)).toString("base64");
    const done = frame({ type: "speech.audio.done", usage: usage(take) });
    return { frames: [frame({ type: "speech.audio.delta", audio }), done], tail: 1 };
  },
  error: openaiError,
  headers: openaiHeaders,
};

/** Every byte there is, and what was said. */
function soundOf(text: string): Buffer {
  return Buffer.concat([Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)), Buffer.from(text)]);
}

export const transcriptions: Wire = {
  ...plain,
  protocol: "audio",
  checks: [openaiAuth, openaiModel, ({ body }) => (typeof body.file === "object" ? undefined : missing("file"))],
  json: (take, { model }) => ({ text: textOf(take), usage: spent(take, model) }),
  whole: (take, { body }) =>
    body.response_format === "text"
      ? { type: "text/plain; charset=utf-8", bytes: Buffer.from(`${textOf(take)}\n`).toString("latin1") }
      : undefined,
  stream(take) {
    const deltas = words(textOf(take)).map((delta) => frame({ type: "transcript.text.delta", delta }));
    const done = frame({ type: "transcript.text.done", text: textOf(take), usage: usage(take) });
    return { frames: [...deltas, done], tail: 1 };
  },
  error: openaiError,
  streamError: () => [frame({ type: "error", error: { message: "[simulated] Nothing heard.", type: "server_error" } })],
  headers: openaiHeaders,
};

/** Whisper is paid by the second, what came after it by tokens. */
function spent(take: Take, model: string): Obj {
  return model.includes("whisper") ? { type: "duration", seconds: 9 } : { type: "tokens", ...usage(take) };
}

function usage({ usage: { input, output } }: Take): Obj {
  return { input_tokens: input, output_tokens: output, total_tokens: input + output };
}

function frame(data: Obj): string {
  return `data: ${JSON.stringify(data)}\n\n`;
}
