/** Streams to the openai SDK that do not go to their end: cut by the provider, left by the caller, silent for long. */
import OpenAI from "openai";
import { beforeAll, describe, expect, it, vi } from "vitest";
import type { Call, Fault } from "../sim/sim.ts";
import { apis, ask, beatsOf, begun, failureOf, heard, helped, lanes, modelOn } from "./asking.ts";
import { type Harness, start } from "./harness.ts";
import { within } from "./program.ts";

const heartbeatMs = 200;
/** What a caller that leaves may cost: a heartbeat that fails, and a slow machine. */
const leaveMs = 5000;
const words = "One two three four five six seven eight nine ten eleven twelve.";

const ways = apis.flatMap((api) => lanes.map((lane) => ({ api, lane })));

const breaks: readonly Fault[] = [
  { kind: "cut", afterEvents: 6 },
  { kind: "cut", afterEvents: 6, midEvent: true },
  { kind: "reset", afterEvents: 6 },
  { kind: "error-event", afterEvents: 6 },
];

let harness: Harness;
let client: OpenAI;

beforeAll(async () => {
  harness = await start({ HEARTBEAT_MS: String(heartbeatMs) });
  client = new OpenAI({ apiKey: harness.key, baseURL: harness.base, maxRetries: 0 });
  return () => harness.close();
});

describe.each(ways)("$api, of a provider that speaks $lane", ({ api, lane }) => {
  it.each(breaks)("ends in an error where the provider's answer breaks off: %j", async (fault) => {
    const { asked, model } = modelOn(lane, `${api}-${lane}-${fault.kind}-${"midEvent" in fault}`);
    harness.sim.play(model, [{ blocks: [{ text: words }], fault }]);
    let said = "";
    const error = await failureOf(heard(client, api, asked, undefined, (piece) => (said += piece)));
    expect(words.startsWith(said), said).toBe(true);
    expect(said).not.toBe("");
    expect(error.message).toMatch(/broke off|sent an event that|server had an error|Overloaded/i);
    const whole = await (await begun(client, api, asked)).text();
    expect(whole).toMatch(api === "chat" ? /data: \{"error":.*\n\n$/ : /event: response\.failed\n.*\n\n$/);
  });

  it.each([
    ["says its last event twice", "double-done", true],
    ["answers with JSON", "json-for-stream", true],
    ["calls it plain text", "wrong-content-type", true],
    ["answers with a stream that nobody asked for", "stream-for-json", false],
    ["calls JSON plain text", "wrong-content-type", false],
  ] as const)("is whole where the provider %s", async (_, kind, stream) => {
    const { asked, model } = modelOn(lane, `${api}-${lane}-${kind}-${stream}`);
    harness.sim.play(model, [{ blocks: [{ text: words }], fault: { kind } }]);
    expect(await ask(client, api, asked, stream)).toBe(words);
  });

  it.each([
    ["in the middle", 5],
    ["before its last frame", 99],
  ])("that is left %s is left at the provider too", async (when, afterEvents) => {
    const { asked, model } = modelOn(lane, `${api}-${lane}-left-${afterEvents}`);
    harness.sim.play(model, [{ blocks: [{ text: words }], fault: { kind: "stall", afterEvents } }]);
    // A caller that goes with nothing left unread sends a FIN, which only a failing write reveals.
    const beats = beatsOf(await begun(client, api, asked));
    await within(beats.next(), leaveMs, () => `a heartbeat ${when}`);
    await beats.return(undefined);
    expect(await ending(model)).toBe("client-left");
  });
});

describe("a provider that is silent for several heartbeats", () => {
  it.each(ways)("costs nothing, $api over $lane", { concurrent: true }, async ({ api, lane }) => {
    const { asked, model } = modelOn(lane, `${api}-${lane}-silent`);
    harness.sim.play(model, [{ blocks: [{ text: "One two." }], pace: { firstByteMs: 700, eventMs: 450 } }]);
    expect(await helped(client, api, asked)).toBe("One two.");
  });
});

/**
 * workerd learns of a caller's FIN only when it writes: for a stream that is at the latest the first heartbeat after the
 * ten seconds in which the provider's status is waited for.
 */
describe("a caller that leaves before the answer begins", () => {
  it.each([
    ["responses", "responses"],
    ["chat", "messages"],
  ] as const)("leaves the provider too, %s over %s", { concurrent: true }, async (api, lane) => {
    const { asked, model } = modelOn(lane, `early-${api}`);
    harness.sim.play(model, [{ blocks: [{ text: words }], pace: { firstByteMs: 60_000 } }]);
    const leaving = new AbortController();
    const call = ask(client, api, asked, true, leaving.signal).catch((error: unknown) => error);
    await arrived(model);
    leaving.abort();
    await call;
    expect(await ending(model, 10_000 + leaveMs)).toBe("client-left");
  });
});

/** The provider has the call. */
function arrived(model: string): Promise<Call> {
  return vi.waitFor(() => {
    const [call] = harness.sim.callsFor(model);
    if (call === undefined) throw new Error(`no call for ${model}`);
    return call;
  }, leaveMs);
}

/** How the provider's side of the call came to its end. */
async function ending(model: string, withinMs = leaveMs): Promise<Call["closed"]> {
  const call = await arrived(model);
  await within(harness.sim.whenClosed(call), withinMs, () => `the end of the call for ${model}`);
  return call.closed;
}
