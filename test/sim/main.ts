// Runs the simulated provider as a process: node test/sim/main.ts [--port N] [--host H] [--attached]

import { parseArgs } from "node:util";
import { startSim } from "./sim.ts";

const { values } = parseArgs({
  options: {
    port: { type: "string", default: "0" },
    host: { type: "string", default: "127.0.0.1" },
    // It lives as long as its standard input is open, so that it does not outlive whoever started it.
    attached: { type: "boolean", default: false },
  },
});

// It may run for days beside the gateway, so it does not keep every call.
const sim = await startSim({ port: Number(values.port), host: values.host, keep: 1000 });
console.log(`simulated provider on ${sim.url}`);

const stop = (): void => void sim.close().then(() => process.exit(0));
for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, stop);
if (values.attached) process.stdin.once("end", stop).resume();
