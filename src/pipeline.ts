/**
 * The line: what happens to a call, read top to bottom. A call comes in on a path that says its protocol; it is
 * authenticated, read, routed, sent to the first target that answers, and its answer goes back through one hop.
 * Whatever goes wrong on the way is a Fault, told in the caller's protocol by the one catch below.
 */
import { answerFrom } from "./attempt.ts";
import { readCall } from "./call.ts";
import type { ProtocolId } from "./canon/request.ts";
import type { Deps } from "./deps.ts";
import { asFault, Fault } from "./fault.ts";
import { readBody } from "./http/body.ts";
import type { Ticket } from "./http/flight.ts";
import { refuseResources } from "./policy/resources.ts";
import { route } from "./policy/route.ts";
import { protocols } from "./protocols/index.ts";
import { refuse } from "./refuse.ts";

/** Serves one call of the protocol that its path says. Never throws. */
export async function serve(protocol: ProtocolId, request: Request, deps: Deps): Promise<Response> {
  const id = Buffer.from(deps.random(16)).toString("hex");
  const ticket = deps.flight.board();
  try {
    return await line(id, protocol, request, ticket, deps);
  } catch (thrown) {
    ticket.release();
    const fault = asFault(thrown);
    if (fault.kind === "internal") console.error("call", id, fault.cause);
    return refuse(protocols[protocol], fault, id);
  }
}

async function line(id: string, protocol: ProtocolId, request: Request, ticket: Ticket, deps: Deps): Promise<Response> {
  const key = await deps.auth.authenticate(request, deps.store, deps.clock.now());
  const bytes = await readBody(request, deps.config.maxBodyBytes, ticket.take);
  const call = readCall(id, protocol, bytes);
  refuseResources(call);
  const targets = route(call, deps.config);
  let fault = new Fault("no_model", `No provider serves the model '${call.model}'.`, { param: "model" });
  for (const [at, target] of targets.entries()) {
    const isLast = at === targets.length - 1;
    try {
      return await answerFrom(target, { call, key, request, ticket, deps, isLast });
    } catch (thrown) {
      fault = asFault(thrown);
      if (!fault.retriable || request.signal.aborted) throw fault;
    }
  }
  throw fault;
}
