/**
 * A form on its way through: it is read ahead until the model is known, within a bound, and then streamed to the
 * provider as it comes, never gathered. Where the model stands behind a file it is checked as it passes.
 */
import { Fault } from "../fault.ts";
import { type FormScanner, formScanner } from "../http/multipart.ts";

/** How far a form is read ahead for its model. */
const reach = 64 * 1024;

export interface Form {
  readonly kind: "form";
  readonly type: string;
  /** The field `model`, where it is within reach. */
  readonly model: string | undefined;
  /** Is all of the form within reach? */
  readonly isWhole: boolean;
  /** The body, once. `rename` gives the provider's name for the model, or throws the Fault that ends the call. */
  send(rename: (model: string) => string): Sending;
}

interface Sending {
  /** Of known length, where that can be known: some providers refuse a body without. */
  readonly body: ReadableStream<Uint8Array>;
  /** Rejects with what went wrong on the caller's side of the stream. */
  readonly failed: Promise<never>;
}

interface FormSource {
  readonly boundary: string;
  readonly type: string;
  readonly maxBytes: number;
}

type Pull = () => Promise<Uint8Array | undefined>;

/** Reads ahead. Faults: `too_large`, `media_type` for a packed form, `bad_request` for one that cannot be read. */
export async function readForm(request: Request, source: FormSource, take: (bytes: number) => void): Promise<Form> {
  const { boundary, type, maxBytes } = source;
  if (!/^(identity)?$/i.test(request.headers.get("content-encoding") ?? "")) {
    throw new Fault("media_type", "A form with a Content-Encoding is not understood.");
  }
  const said = Number(request.headers.get("content-length") ?? Number.NaN);
  if (said > maxBytes) throw tooLarge(maxBytes);
  const pull = bounded(request, maxBytes);
  const ahead: Uint8Array[] = [];
  let [size, isWhole, model]: [number, boolean, string | undefined] = [0, false, undefined];
  const scanner = formScanner(boundary, "model", (value) => {
    model = value;
    return value;
  });
  while (model === undefined && size < reach && !isWhole) {
    const chunk = await pull();
    isWhole = chunk === undefined;
    if (chunk === undefined) scanner.end();
    else {
      take(chunk.length);
      size += chunk.length;
      ahead.push(chunk);
      scanner.push(chunk);
    }
  }
  const length = isWhole ? size : Number.isNaN(said) ? undefined : said;
  const send: Form["send"] = (rename) => sendForm(boundary, ahead, pull, rename, lengthAfter(length, model, rename));
  return { kind: "form", type, model, isWhole, send };
}

function sendForm(
  boundary: string,
  ahead: readonly Uint8Array[],
  pull: Pull,
  rename: (model: string) => string,
  length: number | undefined,
): Sending {
  const { readable, writable } = length === undefined ? new IdentityTransformStream() : new FixedLengthStream(length);
  const { promise: failed, reject } = Promise.withResolvers<never>();
  failed.catch(() => undefined);
  const waiting = [...ahead];
  void pump(async () => waiting.shift() ?? pull(), formScanner(boundary, "model", rename), writable, reject);
  return { body: readable, failed };
}

/** Only what went wrong with the form itself is told: a provider that reads no further says why in its answer. */
async function pump(
  pull: Pull,
  scanner: FormScanner,
  writable: WritableStream<Uint8Array>,
  fail: (fault: Fault) => void,
): Promise<void> {
  const writer = writable.getWriter();
  writer.closed.catch(() => undefined);
  try {
    for (let chunk = await pull(); chunk !== undefined; chunk = await pull()) {
      for (const slice of scanner.push(chunk)) if (slice.length > 0) await writer.write(slice);
    }
    scanner.end();
    await writer.close();
  } catch (thrown) {
    if (thrown instanceof Fault) fail(thrown);
    await writer.abort().catch(() => undefined);
  }
}

/** A model out of reach may still be renamed, which changes the length: it is known only where the model is. */
function lengthAfter(
  length: number | undefined,
  model: string | undefined,
  rename: (model: string) => string,
): number | undefined {
  if (length === undefined || model === undefined) return undefined;
  return length - Buffer.byteLength(model) + Buffer.byteLength(rename(model));
}

/** The body's chunks, counted: no more than the limit comes through. */
function bounded(request: Request, maxBytes: number): Pull {
  const reader = request.body?.getReader();
  let size = 0;
  return async () => {
    const { value } = (await reader?.read().catch(brokeOff)) ?? {};
    size += value?.length ?? 0;
    if (size <= maxBytes) return value;
    await reader?.cancel().catch(() => undefined);
    throw tooLarge(maxBytes);
  };
}

function brokeOff(cause: unknown): never {
  throw new Fault("bad_request", "The request body broke off.", { cause });
}

function tooLarge(maxBytes: number): Fault {
  return new Fault("too_large", `The request body is larger than ${maxBytes} bytes.`);
}
