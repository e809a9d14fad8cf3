/** Starts the simulated provider for the tests inside workerd, which reach it over the loopback. */
import type { TestProject } from "vitest/node";
import { startSim } from "../sim/sim.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** The simulator's address, without a path. */
    sim: string;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const sim = await startSim();
  project.provide("sim", sim.url);
  return () => sim.close();
}
