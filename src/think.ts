/**
 * How hard a call shall think: asked for as `auto`, or by its team's policy. Chosen from the conversation alone, for the
 * model that is about to answer, and written into the call in its own protocol's words, so that both lanes carry it.
 */
import type { Call } from "./call.ts";
import { defined } from "./canon/json.ts";
import { type Effort, efforts, type ProtocolId } from "./canon/request.ts";
import { changed } from "./edited.ts";
import { effortWord } from "./effort/asked.ts";
import { thrift } from "./effort/choice.ts";
import { levelsFor, usualEffort } from "./effort/levels.ts";
import { type Decision, decide, type EffortPolicy, type EffortRequest } from "./effort/policy.ts";
import type { CachePrices } from "./effort/session.ts";
import { type Members, spoken, unspoken } from "./effort/spoken.ts";
import { switchingAt } from "./effort/switching.ts";
import { type InBand, inBandOf, type Update } from "./effort/updates.ts";
import { invalid } from "./fault.ts";
import { type ModelFacts, modelFacts } from "./models/catalog.ts";
import type { TeamSettings } from "./teams/records.ts";

/** A call with its effort, and who chose it. */
interface Thought {
  readonly call: Call;
  readonly decision?: Decision;
  /** Changes of effort amid the conversation, for the lane to put in. */
  readonly updates?: readonly Update[];
}

/** Where the call may go. */
interface Aim {
  readonly provider: { readonly id: string };
  readonly protocol: ProtocolId;
  readonly model: string;
}

export interface Thinking<Target extends Aim> {
  readonly headers: Headers;
  readonly policy: TeamSettings["effort"];
  /** Was the model named with `:auto`? */
  readonly isSuffixed: boolean;
  /** May changes of effort stand among its items? Not where they are sent to be compacted. */
  readonly takesUpdates: boolean;
  pricesOf(target: Target): CachePrices | undefined;
}

const suffix = ":auto";

/** The call by the model's own name: `:auto` behind it only says who chooses the effort. */
export function withoutSuffix(call: Call): Call {
  if (!call.model.endsWith(suffix)) return call;
  const model = call.model.slice(0, -suffix.length);
  const renamed = call.spans.has("model") ? rewritten(call, [["model", model]]) : call;
  return { ...renamed, model, body: { ...renamed.body, model } };
}

/** What the call becomes at each target. `spent`: the share of its budget that the team has spent. */
export type Think<Target extends Aim> = (target: Target, spent?: number) => Thought;

/** Throws the Fault of a header that cannot be read. */
export function thinking<Target extends Aim>(call: Call, asking: Thinking<Target>): Think<Target> {
  const asked = askedOf(call, asking.headers, asking.isSuffixed);
  const latencyMs = latencyOf(asking.headers) ?? asking.policy?.latency_ms;
  const mode = asking.policy?.mode ?? "off";
  if (asked !== "auto" && mode === "off") return () => ({ call });
  const policy = policyOf({ ...asking.policy, mode }, latencyMs);
  /** Asked of each target for the account, and again for each attempt. */
  const thoughts = new Map<string, Thought>();
  return (target, spent = 0) => {
    const name = `${spent} ${target.provider.id} ${target.protocol} ${target.model}`;
    const thought = thoughts.get(name) ?? think(call, asked, withThrift(policy, spent), target, asking);
    thoughts.set(name, thought);
    return thought;
  };
}

function policyOf(
  { escalation_usd: usd, latency_ms: _, ...settings }: NonNullable<TeamSettings["effort"]>,
  latencyMs: number | undefined,
): EffortPolicy {
  const escalationNano = usd === undefined ? undefined : usd * 1_000_000_000;
  return { ...defined({ ...settings, latencyMs, escalationNano }), mode: settings.mode };
}

function withThrift(policy: EffortPolicy, spent: number): EffortPolicy {
  const cutShift = thrift(spent);
  return cutShift === 0 ? policy : { ...policy, cutShift };
}

function think<Target extends Aim>(
  call: Call,
  asked: Effort | "auto" | undefined,
  policy: EffortPolicy,
  target: Target,
  { pricesOf, takesUpdates }: Pick<Thinking<Target>, "pricesOf" | "takesUpdates">,
): Thought {
  const facts = modelFacts(target.model);
  // A model that does not reason cannot be told how hard to; `auto` is no word for it either.
  if (facts.dial.style === "none") return { call: asked === "auto" ? without(call) : call };
  const { protocol, body } = call;
  const isChosen = asked === undefined || asked === "auto" || policy.mode === "override";
  const place = { provider: target.provider.id, protocol: target.protocol, model: target.model };
  const offered = switchingAt(place, protocol, body);
  const switching = takesUpdates || offered === "neutral" ? offered : "costly";
  const request: EffortRequest = {
    ...{ protocol, body, switching },
    ...defined({
      asked,
      levels: levelsFor(facts, place, body, isChosen),
      prices: switching === "costly" ? pricesOf(target) : undefined,
      usual: usualEffort(target.model),
    }),
  };
  const decision = decide(request, policy);
  if (decision === undefined) return { call };
  if (decision.isAdvice) return { call, decision };
  const isAdaptive = decision.by === "rule" || decision.by === "score";
  const isInBand = switching === "in_band" || switching === "in_band_turns";
  const inBand = isAdaptive && isInBand ? inBandOf(request, policy) : undefined;
  const isRelayed = protocol === target.protocol;
  return told(call, decision, inBand, { facts, isRelayed }, asked);
}

/** The call as it says what was decided, as far as the model can be told in it. */
function told(
  call: Call,
  decision: Decision,
  inBand: InBand | undefined,
  ear: { readonly facts: ModelFacts; readonly isRelayed: boolean },
  asked: Effort | "auto" | undefined,
): Thought {
  const changes = spoken(call.protocol, call.body, inBand?.baseline ?? decision.level, ear);
  if (changes === undefined) return { call: asked === "auto" ? without(call) : call };
  const said = rewritten(call, changes);
  return { call: said, decision, ...(inBand !== undefined && { updates: inBand.updates }) };
}

/** What is asked for; throws the Fault of a word that is none. */
function askedOf({ protocol, body }: Call, headers: Headers, isSuffixed: boolean): Effort | "auto" | undefined {
  const header = headers.get("x-gearbox-effort")?.trim().toLowerCase();
  if (header !== undefined && header !== "auto" && !efforts.some((effort) => effort === header)) {
    throw invalid("x-gearbox-effort", `write auto or one of ${efforts.join(", ")}.`);
  }
  const written = header ?? (isSuffixed ? "auto" : effortWord(protocol, body));
  return written === "auto" ? "auto" : efforts.find((effort) => effort === written);
}

/** An hour. */
const mostLatencyMs = 3_600_000;

function latencyOf(headers: Headers): number | undefined {
  const written = headers.get("x-gearbox-latency-ms")?.trim();
  if (written === undefined) return undefined;
  const ms = /^\d{1,7}$/.test(written) ? Number(written) : 0;
  if (ms >= 1 && ms <= mostLatencyMs) return ms;
  throw invalid("x-gearbox-latency-ms", `write a number of milliseconds from 1 to ${mostLatencyMs}.`);
}

function without(call: Call): Call {
  const changes = unspoken(call.protocol, call.body);
  return changes.length === 0 ? call : rewritten(call, changes);
}

function rewritten(call: Call, changes: Members): Call {
  return changed(call, new Map(changes.map(([name, value]) => [name, { json: JSON.stringify(value), value }])));
}
