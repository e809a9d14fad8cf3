/** The two engines answer the same, whatever happens in whatever order. */
import { inject, it } from "vitest";
import { gathering } from "../../src/stores/gather.ts";
import { upstashStore } from "../../src/stores/upstash.ts";
import { agree, handClock } from "../stores/histories.ts";
import { objectStore } from "./objects.ts";

const redis = inject("redis");
const runs = 500;

it.skipIf(redis === null)(
  `${runs} random histories have the same answers on Durable Objects and on Redis`,
  { timeout: 240_000 },
  async () => {
    const { now, set } = handClock();
    const spool = { keep: async () => Promise.reject(new Error("nothing was to be spooled")) };
    const access = redis ?? { url: "", token: "" };
    const own = { callDays: 35, now, wait: async () => undefined, gathering: gathering(async () => undefined), spool };
    await agree(runs, "H", objectStore(now), upstashStore({ ...access, ...own }), set);
  },
);
