/** One body to one target: URL, headers, credential. What comes back is the provider's answer or a Fault. */
import type { ProtocolId } from "./canon/request.ts";
import { Fault } from "./fault.ts";
import type { Target } from "./policy/route.ts";
import type { AuthStyle } from "./providers/provider.ts";

/** `isPrivate`: the operator wrote the address, so it may lie in a private network. Nothing else ever may. */
export type Fetch = (url: string, init: RequestInit, isPrivate: boolean) => Promise<Response>;

export interface Outgoing {
  /** The body as slices of the caller's, so that a spliced one is never copied whole. */
  readonly body: readonly Uint8Array[];
  readonly headers: Readonly<Record<string, string>>;
  readonly stream: boolean;
  readonly signal: AbortSignal;
}

/** Sends a call. Faults: `upstream` where no answer came, or a redirect, which would take the credential along. */
export async function send(target: Target, outgoing: Outgoing, fetch: Fetch): Promise<Response> {
  const headers = {
    ...target.provider.headers,
    ...outgoing.headers,
    ...authorization(target.provider.auth, target.credential),
    accept: outgoing.stream ? "text/event-stream" : "application/json",
    "content-type": "application/json",
  };
  const url = endpoint(target.provider.base, target.protocol, target.model, outgoing.stream);
  const init: RequestInit = {
    method: "POST",
    headers,
    body: outgoingBody(outgoing.body),
    redirect: "manual",
    signal: outgoing.signal,
  };
  try {
    const answer = await fetch(url, init, target.provider.isPrivate === true);
    if (answer.status < 300 || answer.status >= 400) return answer;
    await answer.body?.cancel();
    throw new Fault(
      "upstream",
      `The provider '${target.provider.id}' answered with a redirect, which is not followed.`,
    );
  } catch (cause) {
    if (cause instanceof Fault) throw cause;
    throw new Fault("upstream", `The provider '${target.provider.id}' could not be reached.`, { cause });
  }
}

const auth = {
  bearer: (credential) => ({ authorization: `Bearer ${credential}` }),
  "x-api-key": (credential) => ({ "x-api-key": credential }),
  "x-goog-api-key": (credential) => ({ "x-goog-api-key": credential }),
  "api-key": (credential) => ({ "api-key": credential }),
} satisfies Record<AuthStyle, (credential: string) => Record<string, string>>;

function authorization(style: AuthStyle, credential: string | undefined): Record<string, string> {
  return credential === undefined ? {} : auth[style](credential);
}

/** A base may end in a version (OpenAI's convention) or not (Anthropic's, Google's): either works for any protocol. */
function endpoint(base: string, protocol: ProtocolId, model: string, stream: boolean): string {
  const root = base.replace(/\/+$/, "");
  const version = /\/v\d+[a-z0-9]*$/.test(root) ? "" : protocol === "gemini" ? "/v1beta" : "/v1";
  switch (protocol) {
    case "responses":
      return `${root}/responses`;
    case "chat":
      return `${root}/chat/completions`;
    case "messages":
      return `${root}${version}/messages`;
    case "gemini":
      return `${root}${version}/models/${model}:${stream ? "streamGenerateContent?alt=sse" : "generateContent"}`;
  }
}

/** One slice goes as it is; several go as a stream of known length, since some providers refuse chunked bodies. */
function outgoingBody(slices: readonly Uint8Array[]): BodyInit {
  const [only] = slices;
  if (only !== undefined && slices.length === 1) return only;
  const size = slices.reduce((sum, slice) => sum + slice.length, 0);
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
