/** What is asked of a stored response by its id: itself, its events, its input, that it be forgotten. */
import type { Obj } from "../canon/json.ts";
import { Fault, invalid } from "../fault.ts";
import { streamHeaders } from "../http/headers.ts";
import { print } from "../http/sse.ts";
import type { ConversationStore, ItemsQuery } from "../stores/conversations.ts";
import { noResponse, reached } from "./absent.ts";
import { eventsOf } from "./replay.ts";
import { listed } from "./said.ts";
import { readStored } from "./turn.ts";

/** Which response, of which team, and how it is wanted. Another team's is not there. */
export interface Wanted {
  readonly id: string;
  readonly team: string;
  readonly query: URLSearchParams;
}

export interface RetrievalDeps {
  readonly conversations: ConversationStore;
  readonly clock: { now(): number };
}

/** The response; with `stream=true` its events, behind the one numbered `starting_after`. */
export async function retrieve({ id, team, query }: Wanted, deps: RetrievalDeps): Promise<Response> {
  const isStream = query.get("stream") === "true";
  const after = query.get("starting_after");
  if (after !== null && !/^\d{1,15}$/.test(after)) throw invalid("starting_after", "it must be a whole number.");
  if (after !== null && !isStream) throw invalid("starting_after", "it is only of use with 'stream=true'.");
  const found = await reached(deps.conversations.response(team, id, deps.clock.now()));
  if (found === undefined) throw noResponse(id);
  const stored = readStored(found);
  if (!isStream) return Response.json(stored.response);
  const events = eventsOf(stored, after === null ? undefined : Number(after));
  const frames = events.map((event) => ({ event: String(event.type), data: JSON.stringify(event) }));
  return new Response(print(frames), { headers: streamHeaders });
}

/** A page of all that the response answered: what it went on from and what its own call said. */
export async function listInput({ id, team, query }: Wanted, deps: RetrievalDeps): Promise<Response> {
  const page = await reached(deps.conversations.inputItems(team, id, readQuery(query), deps.clock.now()));
  if (page === undefined) throw noResponse(id);
  const data = page.items.map((item) => listed(item.id, JSON.parse(item.json) as Obj));
  const [first, last] = [page.items.at(0), page.items.at(-1)];
  const ends = { first_id: first?.id ?? null, last_id: last?.id ?? null };
  return Response.json({ object: "list", data, ...ends, has_more: page.hasMore });
}

export async function remove({ id, team }: Wanted, deps: RetrievalDeps): Promise<Response> {
  if (!(await reached(deps.conversations.delete(team, id, deps.clock.now())))) throw noResponse(id);
  return Response.json({ id, object: "response", deleted: true });
}

/** Only what runs in the background can be cancelled, and nothing does here. */
export async function cancel({ id, team }: Wanted, deps: RetrievalDeps): Promise<never> {
  const found = await reached(deps.conversations.response(team, id, deps.clock.now()));
  if (found === undefined) throw noResponse(id);
  throw new Fault("bad_request", "Cannot cancel a synchronous response.");
}

const usualLimit = 20;
const mostLimit = 100;

function readQuery(query: URLSearchParams): ItemsQuery {
  const limit = query.get("limit") ?? String(usualLimit);
  const order = query.get("order") ?? "desc";
  const after = query.get("after");
  if (!/^\d{1,3}$/.test(limit) || Number(limit) < 1 || Number(limit) > mostLimit) {
    throw invalid("limit", `it must be a whole number from 1 to ${mostLimit}.`);
  }
  if (order !== "asc" && order !== "desc") throw invalid("order", "it must be 'asc' or 'desc'.");
  return { order, limit: Number(limit), ...(after !== null && { after }) };
}
