/** The board where isolates meet, as a Durable Object: one for the whole deployment. */
import type { HealthBoard } from "../policy/health-board.ts";
import type { TargetHealth } from "../teams/health-object.ts";

export function durableHealthBoard(objects: DurableObjectNamespace<TargetHealth>): HealthBoard {
  // A stub belongs to the request that made it, so each call makes its own.
  const object = () => objects.getByName("health");
  return {
    exchange: async (isolate, reports, heard, now) => object().exchange(isolate, reports, heard, now),
    overview: async (now) => object().overview(now),
  };
}
