/** The Durable Objects answer as the model in memory does, whatever happens in whatever order; Redis is not needed. */
import { it } from "vitest";
import { agree, handClock } from "../stores/histories.ts";
import { memoryStore } from "../stores/memory.ts";
import { objectStore } from "./objects.ts";

const runs = 200;

it(`${runs} random histories have the same answers on Durable Objects and in the model`, {
  timeout: 240_000,
}, async () => {
  const { now, set } = handClock();
  await agree(runs, "M", memoryStore(now), objectStore(now), set);
});
