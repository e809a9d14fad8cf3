/** One `response.create`: asked as a POST would be, and its stream told as messages. */
import type { Deps } from "../deps.ts";
import { asFault, type Fault } from "../fault.ts";
import { framer } from "../http/sse.ts";
import { protocols } from "../protocols/index.ts";
import { refuse } from "../refuse.ts";
import type { Create } from "./frame.ts";
import { failureOf, headersOf } from "./message.ts";
import { prewarm } from "./prewarm.ts";
import { bodyOf, saidOf } from "./said.ts";
import type { Remembered, Seat } from "./seats.ts";
import { type Finish, teller } from "./telling.ts";

export interface Line {
  /** That of the connection, whose key and headers hold for each of its calls. */
  readonly upgrade: Request;
  readonly seat: Seat;
  readonly deps: Pick<Deps, "auth" | "clock" | "conversations" | "random" | "store">;
  /** Serves a call of the Responses API. Never throws. */
  answer(request: Request): Promise<Response>;
  /** Sends a message to the caller. */
  send(message: string): void;
}

/** Resolves when the call is over, however it ended. `gone`: the caller has left. */
export async function exchange(create: Create, line: Line, gone: AbortSignal): Promise<void> {
  const { previous, lane } = create;
  const { seat, deps } = line;
  if (previous !== undefined) seat.read(previous);
  const before = previous === undefined ? undefined : seat.recall(previous);
  let isWhole = false;
  const finish: Finish = (message, told) => {
    isWhole = true;
    // Whoever reads the end may go on from it at once, in another lane too.
    if (!told.isStored && told.id !== "") seat.remember(lane ?? "", saidOf(create, before, told));
    line.send(message);
    seat.told(told.id);
  };
  const asked = create.isPrewarm
    ? prewarm(create, before, { ...line, finish, id: idOf(deps) })
    : ask(create, before, { ...line, finish }, gone);
  const refused = await asked.catch((thrown) => refusalOf(asFault(thrown), line));
  if (refused !== undefined) line.send(await failureOf(refused, lane));
  if (!isWhole && previous !== undefined) seat.forget(previous);
}

/** The answer that tells of a fault outside of the line. */
export function refusalOf(fault: Fault, { deps }: Pick<Line, "deps">): Response {
  if (fault.kind === "internal") console.error("socket", fault.cause);
  return refuse(protocols.responses, fault, idOf(deps));
}

function idOf({ random }: Pick<Deps, "random">): string {
  return Buffer.from(random(16)).toString("hex");
}

/** The answer, where it is a refusal. */
async function ask(
  create: Create,
  before: Remembered | undefined,
  line: Line & { readonly finish: Finish },
  gone: AbortSignal,
): Promise<Response | undefined> {
  const abort = new AbortController();
  let reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  const leave = (): void => {
    // The answer first: whoever gives it has to know that it was left, and not broken off.
    reader?.cancel().catch(() => undefined);
    abort.abort();
  };
  gone.addEventListener("abort", leave, { once: true });
  try {
    const answer = await line.answer(requestOf(line.upgrade, bodyOf(create, before), abort.signal));
    if (!answer.ok || answer.body === null) return answer;
    reader = answer.body.getReader();
    if (gone.aborted) leave();
    const tell = teller(create, headersOf(answer), line);
    const frames = framer();
    for (let got = await reader.read(); !got.done; got = await reader.read()) tell(frames.push(got.value));
    tell(frames.end());
    return undefined;
  } finally {
    gone.removeEventListener("abort", leave);
    // Where it is not at its end, something went wrong on our side.
    reader?.cancel().catch(() => undefined);
  }
}

/** As if the body had been sent by POST, with the connection's own headers. */
function requestOf({ url, headers: own }: Request, body: Uint8Array, signal: AbortSignal): Request {
  const kept = [...own].filter(([name, value]) => !ofUpgrade.test(name) && !ofMode.test(value));
  const headers = new Headers([...kept, ["content-type", "application/json"], ["content-length", String(body.length)]]);
  return new Request(url, { method: "POST", headers, body, signal });
}

const ofUpgrade = /^(sec-websocket-.*|upgrade|connection|content-.*|transfer-encoding|accept)$/;
/** What Codex says of the mode in `openai-beta`. */
const ofMode = /^responses_websockets=/;
