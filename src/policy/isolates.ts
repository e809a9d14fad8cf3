/** Keeps this isolate in step with the others: what they have found out of the targets, and what the admin wrote. */
import type { HealthBoard } from "./health-board.ts";
import type { HealthExchange } from "./health-exchange.ts";
import type { LiveRoutes, Surroundings } from "./live-routes.ts";

export interface Isolates extends Surroundings {
  readonly routes: LiveRoutes;
  readonly exchange: HealthExchange;
  readonly board: HealthBoard;
}

/**
 * At the beginning of each call, beside the lookup of its key: resolves when the routes may be used, which is at once in
 * all but an isolate that is new or had no call for a while. Never rejects.
 */
export function inStep(isolates: Isolates): Promise<void> {
  const { routes, exchange, board, clock, waitUntil } = isolates;
  const now = clock.now();
  if (exchange.isDue(now)) {
    waitUntil(exchange.exchange(board, now).catch((cause) => console.error("health", cause)));
  }
  return routes.fresh(isolates);
}
