/** One body to one target: URL, headers, credential. What comes back is the provider's answer or a Fault. */
import { Fault } from "./fault.ts";
import type { Target } from "./policy/route.ts";
import { authorize } from "./providers/auth.ts";
import { endpoint } from "./providers/endpoint.ts";
import { enclose } from "./providers/envelope.ts";
import type { Fetch, OutgoingBody } from "./providers/network.ts";
import { unwrapRefusal } from "./providers/refused.ts";

export type { Fetch } from "./providers/network.ts";

export interface Outgoing {
  /** Slices of the caller's body, so that a spliced one is never copied whole; or a stream, which is not gathered. */
  readonly body: OutgoingBody;
  readonly headers: Readonly<Record<string, string>>;
  readonly stream: boolean;
  readonly signal: AbortSignal;
  /** Milliseconds since 1970: signatures and tokens are good for a while only. */
  readonly now: number;
  /** In place of the protocol's own path, for what is passed on rather than spoken. */
  readonly path?: string;
  /** `application/json` where absent. */
  readonly contentType?: string;
  /** What the protocol answers with where absent. */
  readonly accept?: string;
}

/** A call that is ready to go, as plain data: whoever has it can send it. Its headers hold the credential. */
export interface Prepared {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: OutgoingBody;
  readonly isPrivate: boolean;
  /** The provider's id. */
  readonly provider: string;
}

/**
 * Sends a call. Faults: `upstream` where no answer came, or a redirect, which would take the credential along;
 * `credential` where the credential buys no token.
 */
export async function send(target: Target, outgoing: Outgoing, fetch: Fetch): Promise<Response> {
  const prepared = await prepare(target, outgoing, fetch);
  return refused(await dispatch(prepared, outgoing.signal, fetch), target);
}

/** The call with all that its provider wants of it; the network is only asked where the credential has to buy a token. */
export async function prepare(target: Target, outgoing: Outgoing, fetch: Fetch): Promise<Prepared> {
  const { provider } = target;
  const isPrivate = provider.isPrivate === true;
  const url = endpoint(target, outgoing.stream, outgoing.path);
  const body = enclose(outgoing.body, target, outgoing.headers);
  return reaching(provider.id, async () => {
    const network = { fetch, now: outgoing.now, isPrivate };
    const headers = {
      ...provider.headers,
      ...outgoing.headers,
      ...(await authorize(target, { url, body }, network)),
      accept: outgoing.accept ?? (outgoing.stream ? "text/event-stream" : "application/json"),
      "content-type": outgoing.contentType ?? "application/json",
    };
    return { url, headers, body, isPrivate, provider: provider.id };
  });
}

/** The provider's answer, whatever it says; a cloud's refusal is still in its own words. */
export function dispatch(prepared: Prepared, signal: AbortSignal, fetch: Fetch): Promise<Response> {
  const { url, headers, body, isPrivate, provider } = prepared;
  return reaching(provider, async () => {
    const init: RequestInit = { method: "POST", headers, body: outgoingBody(body), redirect: "manual", signal };
    const answer = await fetch(url, init, isPrivate);
    if (answer.status < 300 || answer.status >= 400) return answer;
    await answer.body?.cancel();
    throw new Fault("upstream", `The provider '${provider}' answered with a redirect, which is not followed.`);
  });
}

/** The answer with a refusal in the words of the protocol that was spoken. */
export function refused(answer: Response, target: Target): Promise<Response> {
  return reaching(target.provider.id, () => unwrapRefusal(answer, target));
}

async function reaching<T>(provider: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (cause) {
    if (cause instanceof Fault) throw cause;
    throw new Fault("upstream", `The provider '${provider}' could not be reached.`, { cause });
  }
}

const copiedBytes = 256 * 1024;

/** One slice goes as it is; several go as a stream of known length, since some providers refuse chunked bodies. */
function outgoingBody(slices: OutgoingBody): BodyInit {
  if (slices instanceof ReadableStream) return slices;
  const [only] = slices;
  if (only !== undefined && slices.length === 1) return only;
  const size = slices.reduce((sum, slice) => sum + slice.length, 0);
  // A stream of slices costs more than a copy of as many bytes.
  if (size <= copiedBytes) return Buffer.concat(slices, size);
  const { readable, writable } = new FixedLengthStream(size);
  void write(slices, writable);
  return readable;
}

/** A provider that answers before it has read everything breaks this stream; its answer says what it thinks. */
async function write(slices: readonly Uint8Array[], writable: WritableStream<Uint8Array>): Promise<void> {
  const writer = writable.getWriter();
  writer.closed.catch(() => undefined);
  try {
    for (const slice of slices) await writer.write(slice);
    await writer.close();
  } catch {
    await writer.abort().catch(() => undefined);
  }
}
