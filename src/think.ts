/**
 * How hard a call shall think: asked for as `auto`, or by its team's policy. Chosen from the conversation alone, for the
 * model that is about to answer, and written into the call in its own protocol's words, so that both lanes carry it.
 */
import type { Call } from "./call.ts";
import { defined, type Json, type Obj, obj } from "./canon/json.ts";
import { type Effort, efforts } from "./canon/request.ts";
import { effortPaths, effortWord } from "./effort/asked.ts";
import { type Decision, decide } from "./effort/policy.ts";
import { switchingOf } from "./effort/switching.ts";
import { invalid } from "./fault.ts";
import { members, setMember, splice } from "./http/json.ts";
import { modelFacts } from "./models/catalog.ts";
import type { TeamSettings } from "./teams/records.ts";

/** A call with its effort, and who chose it. */
export interface Thought {
  readonly call: Call;
  readonly decision?: Decision;
}

const suffix = ":auto";

/** The call by the model's own name: `:auto` behind it only says who chooses the effort. */
export function withoutSuffix(call: Call): Call {
  if (!call.model.endsWith(suffix)) return call;
  const model = call.model.slice(0, -suffix.length);
  const renamed = call.spans.has("model") ? rewritten(call, "model", model) : call;
  return { ...renamed, model, body: { ...renamed.body, model } };
}

/** @param isSuffixed the model was named with `:auto` */
export function thinking(call: Call, headers: Headers, policy: TeamSettings["effort"], isSuffixed: boolean) {
  const asked = askedOf(call, headers, isSuffixed);
  const mode = policy?.mode ?? "off";
  if (asked !== "auto" && mode === "off") return (): Thought => ({ call });
  const think = (model: string): Thought => {
    const { dial } = modelFacts(model);
    // A model that does not reason cannot be told how hard to; `auto` is no word for it either.
    if (dial.style === "none") return { call: asked === "auto" ? without(call) : call };
    const levels = "levels" in dial ? dial.levels : undefined;
    const switching = switchingOf(model) === "neutral" ? "neutral" : "costly";
    const request = { protocol: call.protocol, body: call.body, switching } as const;
    const decision = decide(
      { ...request, ...(asked !== undefined && { asked }), ...(levels !== undefined && { levels }) },
      defined({ ...policy, mode }),
    );
    if (decision === undefined) return { call };
    return { call: decision.isAdvice ? call : withEffort(call, decision.level), decision };
  };
  /** Asked of each model for the account, and again for each attempt. */
  const thoughts = new Map<string, Thought>();
  return (model: string): Thought => {
    const thought = thoughts.get(model) ?? think(model);
    thoughts.set(model, thought);
    return thought;
  };
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

/** The call with this effort in place of whatever it says. */
function withEffort(call: Call, level: Effort): Call {
  const [member, ...within] = effortPaths[call.protocol];
  const value = within.length === 0 ? level : set(obj(call.body[member]), within, level);
  return rewritten(call, member, value);
}

/** The call without its wish: `auto` is our word, and a provider would not know it. */
function without(call: Call): Call {
  const [member, ...within] = effortPaths[call.protocol];
  if (effortWord(call.protocol, call.body) !== "auto") return call;
  return rewritten(call, member, within.length === 0 ? null : set(obj(call.body[member]), within, undefined));
}

function set(value: Obj, [name, ...within]: readonly string[], level: Effort | undefined): Obj {
  if (name === undefined) return value;
  if (within.length > 0) return { ...value, [name]: set(obj(value[name]), within, level) };
  const { [name]: _, ...rest } = value;
  return level === undefined ? rest : { ...rest, [name]: level };
}

function rewritten(call: Call, member: string, value: Json): Call {
  const bytes = Buffer.concat(splice(call.bytes, [setMember(call.bytes, call.spans, member, JSON.stringify(value))]));
  return { ...call, bytes, spans: members(bytes).spans, body: { ...call.body, [member]: value } };
}
