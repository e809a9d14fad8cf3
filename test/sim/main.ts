// Runs the simulated provider as a process: node test/sim/main.ts [--port N] [--host H]

import { parseArgs } from "node:util";
import { startSim } from "./sim.ts";

const { values } = parseArgs({
  options: { port: { type: "string", default: "0" }, host: { type: "string", default: "127.0.0.1" } },
});

// It may run for days beside the gateway, so it does not keep every call.
const sim = await startSim({ port: Number(values.port), host: values.host, keep: 1000 });
console.log(`simulated provider on ${sim.url}`);

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  process.once(signal, () => {
    sim.close().then(() => process.exit(0));
  });
}
