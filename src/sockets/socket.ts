/**
 * WebSocket mode of the Responses API. The socket lives in the isolate that took the request, not in an object of its
 * own: a connection is one request there, so that nothing it awaits crosses to another one, and it shares what the isolate
 * knows of keys and of providers. An object would add a hop to each token and bill the whole hour, and would keep nothing:
 * what lives on a connection is gone with it by the protocol, and callers say it again. In exchange a request's bounds
 * (calls to others, CPU) count for all of its calls together: `bounds.ts` ends a connection before the platform does.
 */
import type { Deps } from "../deps.ts";
import { Fault } from "../fault.ts";
import { connection, type Wire } from "./connection.ts";

/**
 * Answers with the switch to a WebSocket. Throws the Fault `upgrade` where there are none, at which Codex goes on by POST
 * at once (wire.md A.11), and `bad_key`.
 */
export async function openSocket(
  request: Request,
  deps: Deps,
  answer: (request: Request) => Promise<Response>,
): Promise<Response> {
  if (deps.config.webSockets === "off" || typeof WebSocketPair === "undefined") throw noSockets();
  await deps.auth.authenticate(request, deps.store, deps.clock.now());
  const seat = deps.sockets.take();
  if (seat === undefined) throw noSockets();
  const { 0: theirs, 1: ours } = new WebSocketPair();
  ours.accept();
  const { bounds } = deps.sockets;
  const { receive, leave } = connection(wireOf(ours), { upgrade: request, seat, bounds, deps, answer });
  ours.addEventListener("message", ({ data }) => receive(data));
  ours.addEventListener("close", leave);
  ours.addEventListener("error", leave);
  return new Response(null, { status: 101, webSocket: theirs });
}

function noSockets(): Fault {
  return new Fault("upgrade", "WebSockets are not served here; use POST.");
}

/** A caller that has gone is told nothing: that it has is an event of its own. */
function wireOf(socket: WebSocket): Wire {
  const isOpen = (): boolean => socket.readyState === WebSocket.READY_STATE_OPEN;
  return {
    send: (message) => void (isOpen() && socket.send(message)),
    close: (code, reason) => void (isOpen() && socket.close(code, reason)),
  };
}
