/** Starts the simulated provider and a Redis for the tests inside workerd, which reach them over the loopback. */
import type { TestProject } from "vitest/node";
import { startSim } from "../sim/sim.ts";
import { startRedis } from "../stores/redis.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** The simulator's address, without a path. */
    sim: string;
    /** A Redis behind Upstash's REST interface; `null` where none is installed. */
    redis: { readonly url: string; readonly token: string } | null;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const sim = await startSim();
  const redis = await startRedis();
  project.provide("sim", sim.url);
  project.provide("redis", redis === undefined ? null : { url: redis.url, token: redis.token });
  return async () => {
    await sim.close();
    await redis?.close();
  };
}
