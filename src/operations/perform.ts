/**
 * One call of an OpenAI endpoint at one target: its body goes up with nothing changed but the model's name, and the
 * answer comes back as what it is, JSON, an event stream, or bytes that are none of our business.
 */
import { isStrict } from "../attempt.ts";
import type { Part } from "../cache/part.ts";
import { loser } from "../canon/loss.ts";
import type { Loss, ProtocolId } from "../canon/request.ts";
import { noUsage } from "../canon/usage.ts";
import type { Deps } from "../deps.ts";
import { Fault } from "../fault.ts";
import type { Ticket } from "../http/flight.ts";
import { streamHeaders, upward } from "../http/headers.ts";
import { setMember, splice } from "../http/json.ts";
import { leaving } from "../http/leaving.ts";
import { isEventStream, isJson } from "../http/media-type.ts";
import { hop, type Pipe } from "../http/stream.ts";
import type { Lease } from "../lease.ts";
import { type Answer, type Outcome, relayed, type Tell } from "../pipes.ts";
import type { Target } from "../policy/route.ts";
import { wishesUsage, withUsageWish } from "../protocols/chat/usage-wish.ts";
import { protocols } from "../protocols/index.ts";
import { refusal } from "../refuse.ts";
import { report } from "../report.ts";
import { settle } from "../settle.ts";
import type { Try } from "../tries.ts";
import { send } from "../upstream.ts";
import { objectIn } from "./answer.ts";
import { embedded } from "./embedded.ts";
import { type Embeddings, embeddings } from "./gemini-embeddings.ts";
import { metered, typedEvents, usageAtEnd } from "./meter.ts";
import { renameFor } from "./route.ts";
import type { JsonPayload, Task } from "./task.ts";

export interface TaskContext {
  readonly id: string;
  readonly task: Task;
  /** The caller's: they all speak OpenAI's. */
  readonly protocol: ProtocolId;
  readonly lease: Lease;
  readonly tried: Try;
  readonly request: Request;
  readonly ticket: Ticket;
  readonly deps: Deps;
}

/** The answer of this target; throws the Fault for which another may be tried. */
export function perform(target: Target, context: TaskContext): Promise<Response> {
  return target.protocol === "gemini" ? translated(target, context) : passedOn(target, context);
}

async function passedOn(target: Target, context: TaskContext): Promise<Response> {
  const { task, lease } = context;
  const kept = await keptInPart(target, context);
  if (kept instanceof Response) return kept;
  const answer = await lease.during(accepted(sendOn(target, context), target, context));
  const headers = report(context, target, answer, { part: kept });
  if (isEventStream(answer)) {
    const events = task.operation === "completions" ? protocols.chat : typedEvents;
    const body = hopped(answer, (tell) => relayed(events, asksUsage(task), tell), target, context);
    return new Response(body, { headers: { ...headers, ...streamHeaders } });
  }
  const type = { "content-type": answer.headers.get("content-type") ?? "application/octet-stream" };
  if (isJson(answer)) {
    return new Response(hopped(answer, metered, target, context, kept), { headers: { ...headers, ...type } });
  }
  // What is no JSON names no price: it goes through the platform's own pipe, and the call counts as estimated.
  settle({ usage: noUsage, ended: "whole" }, target, context);
  return new Response(answer.body, { headers: { ...headers, ...type } });
}

/** Embeddings of which some may be kept; else what the call has to do with the cache, and it is still to be made. */
async function keptInPart(target: Target, context: TaskContext): Promise<Response | Part | undefined> {
  const { task } = context;
  const { operation, payload } = task;
  if (operation !== "embeddings" || payload.kind !== "json") return undefined;
  const ask = (body: readonly Uint8Array[]) => accepted(sendJson(body, payload, target, context), target, context);
  const { made, part } = await embedded("openai", relayedBody(payload, task, target), target, context, ask);
  if (made === undefined) return part;
  const { answer, bytes } = made;
  const bill = made.settle(usageAtEnd(bytes));
  const type = { "content-type": answer?.headers.get("content-type") ?? "application/json" };
  const headers = { ...report(context, target, answer, { bill, part }), ...type };
  return new Response(bytes as Uint8Array<ArrayBuffer>, { headers });
}

function sendJson(
  body: readonly Uint8Array[],
  { stream }: JsonPayload,
  target: Target,
  { task, request, deps }: TaskContext,
): Promise<Response> {
  const outgoing = { path: task.operation, headers: upward(request.headers), accept: "*/*", now: deps.clock.now() };
  return send(target, { ...outgoing, body, stream, signal: leaving(request).signal }, deps.fetch);
}

function sendOn(target: Target, context: TaskContext): Promise<Response> {
  const { task, request, deps } = context;
  const { operation, payload } = task;
  if (payload.kind === "json") return sendJson(relayedBody(payload, task, target), payload, target, context);
  const now = deps.clock.now();
  const rest = { path: operation, headers: upward(request.headers), accept: "*/*", now };
  const { body, failed } = payload.send(renameFor(target, operation, { ...deps.config, routes: deps.routes.table }));
  const abort = leaving(request);
  const outgoing = { ...rest, body, contentType: payload.type, stream: false, signal: abort.signal };
  const sent = send(target, outgoing, deps.fetch);
  // What breaks on the caller's side is the caller's to hear of, not that the provider could not be reached.
  failed.catch(() => abort.abort());
  sent.catch(() => undefined);
  return Promise.race([failed, sent]);
}

function relayedBody({ bytes, body, spans }: JsonPayload, task: Task, target: Target): Uint8Array[] {
  const edits = [
    ...(task.model === undefined || task.model === target.model ? [] : [["model", target.model] as const]),
    ...(asksUsage(task) ? [["stream_options", withUsageWish(body)] as const] : []),
  ];
  return splice(
    bytes,
    edits.map(([member, value]) => setMember(bytes, spans, member, JSON.stringify(value))),
  );
}

/** A stream of completions tells what it cost only if asked to; where the caller has not asked, we do. */
function asksUsage({ operation, payload }: Task): boolean {
  if (operation !== "completions" || payload.kind !== "json" || !payload.stream) return false;
  return !wishesUsage(payload.body);
}

async function translated(target: Target, context: TaskContext): Promise<Response> {
  const { task, request, ticket, lease, deps } = context;
  if (task.payload.kind !== "json") throw new Fault("media_type", "Send application/json.");
  ticket.take(2 * task.payload.bytes.length);
  const losses: Loss[] = [];
  const lose = loser(isStrict(request, lease.grant.team.settings.strict), losses);
  const asked: Embeddings = embeddings(task.payload.body, target.model, lose);
  const outgoing = {
    path: `models/${target.model}:batchEmbedContents`,
    headers: {},
    stream: false,
    signal: leaving(request).signal,
    now: deps.clock.now(),
  };
  const whole = [Buffer.from(JSON.stringify(asked.body))];
  const ask = (body: readonly Uint8Array[]) =>
    accepted(send(target, { ...outgoing, body }, deps.fetch), target, context);
  const { made, part } = await embedded("gemini", whole, target, context, ask);
  const answer = made === undefined ? await lease.during(ask(whole)) : made.answer;
  const said = await objectIn(made === undefined ? answer : new Response(made.bytes as Uint8Array<ArrayBuffer>));
  const { body, usage } = asked.answer(said, made?.bought);
  const bill = made?.settle(usage) ?? settle({ usage, ended: "whole" }, target, context, { part });
  return Response.json(body, { headers: report(context, target, answer, { losses, bill, part }) });
}

async function accepted(sent: Promise<Response>, target: Target, { deps }: TaskContext): Promise<Response> {
  const answer = await sent;
  if (answer.ok) return answer;
  throw await refusal(protocols[target.protocol], answer, target.protocol !== "gemini", deps.clock.now());
}

/** The answer through one hop, whose end is the call's. */
function hopped(
  answer: Response,
  pipe: (tell: Tell) => Pipe & Partial<Pick<Answer, "said">>,
  target: Target,
  context: TaskContext,
  part?: Part,
): ReadableStream<Uint8Array> {
  const { deps, lease } = context;
  if (answer.body === null) throw new Fault("upstream", "The provider's answer has no body.");
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  const made = pipe(resolve);
  const said = (): number => made.said ?? 0;
  deps.waitUntil(promise.then((outcome) => settle(outcome, target, context, { said: said(), part })));
  const { heartbeatMs } = deps.config;
  return hop(answer.body.getReader(), made, heartbeatMs, deps.clock, {
    due: () => lease.due(target, said()),
    silent: () => undefined,
  }).body();
}
