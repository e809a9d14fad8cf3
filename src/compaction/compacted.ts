/**
 * What happens to a call before it is routed, where its conversation was compacted or is to be: summaries of ours are
 * opened, and where the call wants a long conversation compacted on its way, and the provider it would go to does not do
 * that, a summary is bought first. That is a call of its own: admitted, paid and logged as any, and before the call itself
 * holds anything, so that a team whose limit is one call at a time is not held up by itself.
 */
import type { Call } from "../call.ts";
import { list, type Obj, obj } from "../canon/json.ts";
import { inputItems, listed } from "../conversations/said.ts";
import type { Deps } from "../deps.ts";
import { Fault } from "../fault.ts";
import type { Asked } from "../policy/quote.ts";
import type { Target } from "../policy/route.ts";
import { teamSealer } from "../policy/seal.ts";
import { protocols } from "../protocols/index.ts";
import { missing } from "../protocols/responses/wire.ts";
import { refusal } from "../refuse.ts";
import { routed } from "../routing.ts";
import type { Grant } from "../stores/store.ts";
import { growth } from "./asking.ts";
import { isCompaction, isFromUser, isTrigger } from "./items.ts";
import { type Compaction, compacts } from "./lane.ts";
import { openSummaries, withInput } from "./opening.ts";
import { isDue } from "./plan.ts";

export interface Compacted {
  readonly call: Call;
  /** Absent where the call has nothing to do with it. */
  readonly compaction?: Compaction;
  /** Bytes by which the call may grow on its way. */
  readonly growth: number;
}

export interface Around {
  readonly grant: Grant;
  readonly request: Request;
  readonly deps: Deps;
  /** Serves a call of the Responses API. */
  readonly serve: (request: Request, deps: Deps) => Promise<Response>;
}

/** What for a call is served; `compaction`: it came to `/v1/responses/compact`. */
export type Purpose = Asked["kind"] | "compaction";

/** The call as it is routed. Throws the Fault of a wish that cannot be read, and that of a summary that could not be bought. */
export async function compacted(call: Call, purpose: Purpose, around: Around): Promise<Compacted> {
  if (purpose !== "compaction" && !isConcerned(call)) return { call, growth: 0 };
  const { grant, deps } = around;
  const { open } = teamSealer(deps.config, grant.team.id, deps.random);
  const opened = openSummaries(call, open);
  const { lost } = opened;
  const items = inputItems(opened.call.body.input);
  if (purpose === "compaction") {
    if (items.length === 0) throw missing("input");
    return { ...opened, compaction: { wants: "object", said: saidBy(call), lost }, growth };
  }
  if (isTrigger(items.at(-1))) return { ...opened, compaction: { wants: "response", said: [], lost }, growth };
  const made = purpose === "answer" ? await summaryFor(opened.call, around) : undefined;
  if (made === undefined) return { ...opened, compaction: { said: [], lost }, growth: 0 };
  const shorter = openSummaries(withInput(opened.call, [...items, made]), open);
  return { call: shorter.call, compaction: { said: [], made, lost }, growth: 0 };
}

/** Has it compaction items, or a wish for one? */
function isConcerned({ protocol, body }: Call): boolean {
  if (protocol !== "responses") return false;
  const { context_management: plan, input } = body;
  return (plan !== undefined && plan !== null) || list(input).some((item) => isCompaction(item) || isTrigger(item));
}

function saidBy({ id, body }: Call): Obj[] {
  return inputItems(body.input)
    .filter(isFromUser)
    .map((item, at) => listed(`msg_${id}${at}`, item));
}

/** The item of a summary, where one is due. Throws the Fault of a call that was not admitted, or failed. */
async function summaryFor(call: Call, around: Around): Promise<Obj | undefined> {
  if (call.body.context_management === undefined) return undefined;
  const { targets } = await routed(call, around.grant, around.request.headers, around.deps);
  const [target] = targets;
  if (target === undefined || compacts(target) || !isDue(call, target.model)) return undefined;
  const answer = await settled(summaryRequest(call, target, around.request), around);
  if (!answer.ok) throw await refusal(protocols.responses, answer, true, around.deps.clock.now());
  const [item] = list(obj(await answer.json()).output);
  if (item !== undefined && isCompaction(item)) return item;
  throw new Fault("upstream", "The conversation could not be compacted.");
}

/** What the summary held of its team's limits is given back before the call asks for its own; but not for ever. */
const patienceMs = 1000;

/** The answer of a call that is in the account by then. */
async function settled(request: Request, { deps, serve }: Around): Promise<Response> {
  const kept: Promise<unknown>[] = [];
  const waitUntil = (promise: Promise<unknown>): void => {
    kept.push(promise);
    deps.waitUntil(promise);
  };
  const answer = await serve(request, { ...deps, waitUntil });
  await Promise.race([Promise.allSettled(kept), deps.clock.wait(patienceMs)]);
  return answer;
}

/** The whole conversation with a wish for its summary, to the very model that would answer. */
function summaryRequest({ body }: Call, { provider, model }: Target, { url, headers, signal }: Request): Request {
  const { context_management: _, max_output_tokens: __, models: ___, ...others } = body;
  const input = [...inputItems(body.input), { type: "compaction_trigger" }];
  const asked = { ...others, model: `${provider.id}/${model}`, input, stream: false, store: false };
  const kept = [...headers].filter(([name]) => !/^(?:content-|idempotency-key$|x-gearbox-route$)/.test(name));
  return new Request(new URL("/v1/responses", url), {
    method: "POST",
    headers: { ...Object.fromEntries(kept), "content-type": "application/json" },
    body: JSON.stringify(asked),
    signal,
  });
}
