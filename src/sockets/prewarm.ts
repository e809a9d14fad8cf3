/** A call that generates nothing: it is charged nothing, and is something to go on from. */
import { noPrevious } from "../conversations/absent.ts";
import { protocols } from "../protocols/index.ts";
import type { Line } from "./exchange.ts";
import type { Create } from "./frame.ts";
import { messageOf } from "./message.ts";
import type { Remembered } from "./seats.ts";
import type { Finish } from "./telling.ts";

/**
 * Throws the Faults of a key that does not hold and of a response that is not there.
 *
 * @param line its `id` is unique, `[A-Za-z0-9]`
 */
export async function prewarm(
  create: Create,
  before: Remembered | undefined,
  { upgrade, deps, id, send, finish }: Line & { readonly finish: Finish; readonly id: string },
): Promise<undefined> {
  const { auth, store, clock, conversations } = deps;
  const { team } = await auth.authenticate(upgrade, store, clock.now());
  const base = before === undefined ? create.previous : before.base;
  if (base !== undefined && (await conversations.response(team.id, base, clock.now())) === undefined) {
    throw noPrevious(create.previous ?? base, team.settings.store_responses === false);
  }
  const messages = eventsOf(create, id, clock.now()).map((event) => messageOf(event, create));
  for (const message of messages.slice(0, -1)) send(message);
  finish(messages.at(-1) ?? "", { id: `resp_${id}`, output: [], isStored: false });
  return undefined;
}

/** A whole answer, and an empty one. */
function eventsOf({ body }: Create, id: string, now: number): string[] {
  const model = String(body.model);
  const encoder = protocols.responses.stream.encode({
    request: { model, stream: true, turns: [], ext: { responses: { store: false } } },
    id,
    createdAt: Math.floor(now / 1000),
    seal: () => "",
    lose: () => undefined,
  });
  const frames = [
    ...encoder.event({ type: "start", id, model }),
    ...encoder.event({ type: "finish", finish: { reason: "stop" }, usage: { input: 0, output: 0 } }),
  ];
  return frames.flatMap((frame) => ("data" in frame ? [frame.data] : []));
}
