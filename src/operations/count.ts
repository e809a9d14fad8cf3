/**
 * How many tokens a call would take, by the counter of the provider it would go to. Where that has none, the answer is an
 * upper bound, and its header says so: as for money that is held (models/bound.ts).
 */
import { type AttemptContext, laneOf } from "../attempt.ts";
import { isObj, type Obj, obj } from "../canon/json.ts";
import type { ProtocolId } from "../canon/request.ts";
import { count, noUsage } from "../canon/usage.ts";
import { withUpdatesBeta } from "../effort/updates.ts";
import { Fault } from "../fault.ts";
import { upward } from "../http/headers.ts";
import { longestInput } from "../models/bound.ts";
import type { Target } from "../policy/route.ts";
import { protocols } from "../protocols/index.ts";
import { refusal } from "../refuse.ts";
import { report } from "../report.ts";
import { settle } from "../settle.ts";
import { send } from "../upstream.ts";

/** A provider's counter: where it is, what of an encoded request it takes, and where its answer has the number. */
interface Counter {
  readonly path: (model: string) => string;
  readonly ask: (body: Obj, model: string) => Obj;
  readonly read: (answer: Obj) => unknown;
}

const counters: { readonly [protocol in ProtocolId]?: Counter } = {
  messages: {
    path: () => "messages/count_tokens",
    ask: (body) => pick(body, ["model", "system", "messages", "tools", "tool_choice", "thinking", "output_config"]),
    read: ({ input_tokens: tokens }) => tokens,
  },
  responses: {
    path: () => "responses/input_tokens",
    ask: (body) =>
      pick(body, [
        "model",
        "instructions",
        "input",
        "tools",
        "tool_choice",
        "text",
        "reasoning",
        "parallel_tool_calls",
      ]),
    read: ({ input_tokens: tokens }) => tokens,
  },
  gemini: {
    path: (model) => `models/${model}:countTokens`,
    ask: (body, model) => ({ generateContentRequest: { model: `models/${model}`, ...body } }),
    read: ({ totalTokens: tokens }) => tokens,
  },
};

/** What each caller reads the number from. */
const answers: { readonly [protocol in ProtocolId]: (tokens: number) => Obj } = {
  messages: (tokens) => ({ input_tokens: tokens }),
  gemini: (tokens) => ({ totalTokens: tokens }),
  responses: (tokens) => ({ object: "response.input_tokens", input_tokens: tokens }),
  chat: (tokens) => ({ input_tokens: tokens }),
};

/** The count for this target; throws the Fault for which another may be tried. */
export async function countAt(target: Target, context: AttemptContext): Promise<Response> {
  const { call } = context;
  const lane = laneOf(target, context);
  const bytes = Buffer.concat(lane.body);
  const counter = target.provider.endpoint === undefined ? counters[target.protocol] : undefined;
  const told = counter === undefined ? undefined : await asked(counter, bytes, target, context);
  // Counting is free: nothing was generated.
  settle({ usage: noUsage, ended: "failed" }, target, context);
  const headers = report(context, target, told?.answer, { losses: lane.losses });
  const { protocol, body } = call;
  const { provider, model } = target;
  const tokens = told?.tokens ?? longestInput({ protocol, body, bytes: call.bytes.length }, provider.id, model);
  const kind = told === undefined ? { "x-gearbox-count": "upper-bound" } : {};
  return Response.json(answers[protocol](tokens), { headers: { ...headers, ...kind } });
}

interface Told {
  readonly answer: Response;
  readonly tokens: number;
}

/** What the counter says; `undefined` where a compatible server turns out to have none. */
async function asked(
  counter: Counter,
  bytes: Buffer,
  target: Target,
  { call, request, deps, updates }: AttemptContext,
): Promise<Told | undefined> {
  const isRelayed = call.protocol === target.protocol;
  // A caller of the same protocol asked for a count in the counter's own words already.
  const body = isRelayed ? bytes : Buffer.from(JSON.stringify(counter.ask(obj(JSON.parse(`${bytes}`)), target.model)));
  const outgoing = {
    path: counter.path(target.model),
    body: [body],
    headers: withUpdatesBeta(isRelayed ? upward(request.headers) : {}, target, updates),
    stream: false,
    signal: request.signal,
    now: deps.clock.now(),
  };
  const answer = await send(target, outgoing, deps.fetch);
  if (answer.status === 404 || answer.status === 405) {
    await answer.body?.cancel();
    return undefined;
  }
  if (!answer.ok) throw await refusal(protocols[target.protocol], answer, isRelayed, deps.clock.now());
  const said: unknown = await answer.json().catch(() => undefined);
  const tokens = isObj(said) ? count(counter.read(said)) : undefined;
  if (tokens === undefined) throw new Fault("upstream", "The provider's count of tokens cannot be read.");
  return { answer, tokens };
}

function pick(body: Obj, members: readonly string[]): Obj {
  return Object.fromEntries(members.filter((member) => member in body).map((member) => [member, body[member]]));
}
