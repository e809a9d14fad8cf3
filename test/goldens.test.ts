/** The golden cases: every output is what its file says, and the laws hold for all of them. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { collect, replay } from "../src/canon/event.ts";
import type { Obj } from "../src/canon/json.ts";
import { Fault } from "../src/fault.ts";
import { protocols } from "../src/protocols/index.ts";
import { type Case, casesFolder, laneOf, outputsOf, protocolIds, readCases, tellStream } from "./goldens.ts";
import { cut, disorder, eventsOf } from "./laws/laws.ts";

const cases = readCases();
const replies = cases.flatMap((golden) =>
  protocolIds.flatMap((provider) => {
    const reply = golden.replies[provider];
    return reply === undefined ? [] : [{ name: `${golden.name} of ${provider}`, golden, provider, ...reply }];
  }),
);
const streams = replies.flatMap(({ sse, ...reply }) => (sse === undefined ? [] : [{ ...reply, sse }]));
const twins = streams.flatMap(({ json, ...reply }) => (json === undefined ? [] : [{ ...reply, json }]));
const requests = cases.flatMap((golden) =>
  protocolIds.flatMap((caller) => {
    const body = golden.requests[caller];
    return body === undefined ? [] : [{ name: `${golden.name} of ${caller}`, caller, body }];
  }),
);

describe("the golden case", () => {
  it("is one of at least sixty", () => {
    expect(cases.length).toBeGreaterThanOrEqual(60);
  });

  it.each(cases)("$name comes out as its files say", (golden) => {
    expect(Object.fromEntries(outputsOf(golden))).toEqual(Object.fromEntries(writtenOf(golden)));
  });

  it.each(cases)("$name comes out the same each time", (golden) => {
    expect([...outputsOf(golden)]).toEqual([...outputsOf(golden)]);
  });

  it.each(cases)("$name has an input and no file that nobody reads", ({ name, requests, replies }) => {
    const files = readdirSync(join(casesFolder, name)).filter((file) => file !== "out");
    const known = /^(request|targets|reply\.(chat|responses|messages|gemini))\.json$|^reply\.\w+\.sse$/;
    expect(files.filter((file) => !known.test(file))).toEqual([]);
    expect(Object.keys(requests).length + Object.keys(replies).length).toBeGreaterThan(0);
  });
});

describe("a provider's stream", () => {
  it.each(streams)("of $name keeps the order", ({ provider, sse }) => {
    expect(disorder(eventsOf(protocols[provider], sse))).toEqual([]);
  });

  it.each(streams)("of $name comes out the same however it is split", ({ golden, provider, sse }) => {
    const bytes = new TextEncoder().encode(sse);
    for (const caller of protocolIds) {
      const told = (sizes: readonly number[]) => tellStream(laneOf(golden, caller, provider, true), cut(bytes, sizes));
      const whole = told([bytes.length]);
      for (const sizes of [[1], [2, 7, 3], [61]]) expect(told(sizes), `${caller} ${sizes}`).toEqual(whole);
    }
  });

  it.each(streams)("of $name is left as it is on the relay lane", ({ golden, provider, sse }) => {
    const { text, outcome } = tellStream(laneOf(golden, provider, provider, true), [sse]);
    if (outcome.ended === "cut") expect(text.startsWith(sse)).toBe(true);
    else expect(text).toBe(sse);
  });

  it.each(twins.filter(({ json }) => !isFailure(json)))(
    "of $name tells what its JSON does",
    ({ provider, json, sse }) => {
      const protocol = protocols[provider];
      expect(collect(eventsOf(protocol, sse))).toEqual(protocol.reply.decode(JSON.parse(json) as Obj));
    },
  );

  it.each(twins.filter(({ json }) => !isFailure(json)))("of $name can be told again", ({ provider, json }) => {
    const message = protocols[provider].reply.decode(JSON.parse(json) as Obj);
    expect(collect(replay(message))).toEqual(message);
  });
});

describe("a caller's request", () => {
  // A token is read on the way to its maker; the caller's own protocol only takes it out.
  const own = requests.filter(({ body }) => !JSON.stringify(body).includes("gbxr1"));

  it.each(own)("of $name says the same when it is read again", ({ name, caller, body }) => {
    const { decode, encode } = protocols[caller].request;
    const read = (wire: Obj) => decode({ model: "asked-for", stream: false, ...wire }, () => undefined);
    const again = (request: ReturnType<typeof read>) => read(encode(request, () => undefined));
    const isRefused = refused.some((each) => name.startsWith(each));
    if (isRefused) return expect(() => again(read(body))).toThrow(Fault);
    const isTidied = tidied.some((each) => name.startsWith(each));
    const asked = isTidied ? again(read(body)) : read(body);
    expect(again(asked)).toEqual(asked);
  });
});

/** What no provider could be asked in the caller's own protocol either. */
const refused = [
  "effort-that-is-no-word",
  "item-reference",
  "previous-response-id",
  "system-only-conversation of gemini",
  "thinking-budget-and-level-together",
  "tool-result-without-a-call of gemini",
];

/** What is put in order on its first way out: from then on it stays. */
const tidied = [
  "empty-and-blank-text-blocks",
  "items-without-ids-and-annotations",
  "streaming-wanted",
  "tool-results-in-another-order-than-the-calls",
];

/** Is the JSON answer an error, or none at all? */
function isFailure(json: string): boolean {
  const isUnreadable = /"finishReason": ?"(MALFORMED|UNEXPECTED)_/.test(json);
  return isUnreadable || !json.trimStart().startsWith("{") || Object.hasOwn(JSON.parse(json) as Obj, "error");
}

function writtenOf({ name }: Case): Map<string, string> {
  const folder = join(casesFolder, name);
  const files = readdirSync(join(folder, "out")).sort();
  return new Map(files.map((file) => [`out/${file}`, readFileSync(join(folder, "out", file), "utf8")]));
}
