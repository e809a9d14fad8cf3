/**
 * Lost is said, of answers: what a block of a provider's answer holds is in the answer as a caller of another protocol
 * gets it, whole and streamed, or its loss is told.
 */
import { describe, expect, it } from "vitest";
import { collect, type Message, replay } from "../../src/canon/event.ts";
import { isObj, type Json } from "../../src/canon/json.ts";
import type { Block, ProtocolId } from "../../src/canon/request.ts";
import { Fault } from "../../src/fault.ts";
import type { OutFrame } from "../../src/http/sse.ts";
import { protocols } from "../../src/protocols/index.ts";
import type { ReplyContext } from "../../src/protocols/protocol.ts";
import { protocolIds, readCases } from "../goldens.ts";
import { haveRecordings, isStream, kinds, recordings } from "../recordings.ts";
import { eventsOf } from "./laws.ts";
import { finder, leavesOf } from "./leaves.ts";

function contextFor(told: string[]): ReplyContext {
  return {
    request: { model: "m", stream: true, turns: [], reasoning: { summary: "auto" }, streamUsage: true },
    id: "x1",
    createdAt: 1,
    seal: (block) => `gbxr1${Buffer.from(JSON.stringify(block)).toString("base64url")}`,
    lose: (field) => told.push(field),
  };
}

/** What `act` makes, unless it refuses. */
function unlessRefused<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch (thrown) {
    if (thrown instanceof Fault && thrown.kind !== "internal") return undefined;
    throw thrown;
  }
}

/** The texts a stream says, put together by the member that holds them. */
function joined(frames: readonly OutFrame[]): Json {
  const texts = new Map<string, string>();
  const bodies = frames.flatMap((frame) =>
    "data" in frame && frame.data !== "[DONE]" ? [JSON.parse(frame.data) as Json] : [],
  );
  for (const { member, value } of leavesOf(bodies)) texts.set(member, `${texts.get(member) ?? ""}${value}`);
  return [...bodies, Object.fromEntries(texts)];
}

function encodings(
  message: Message,
  to: ProtocolId,
): { readonly way: string; readonly said: Json; readonly told: readonly string[] }[] {
  const [ofWhole, ofStream]: [string[], string[]] = [[], []];
  const whole = unlessRefused(() => protocols[to].reply.encode(message, contextFor(ofWhole)));
  const encoder = protocols[to].stream.encode(contextFor(ofStream));
  const frames = unlessRefused(() => replay(message).flatMap((event) => encoder.event(event)));
  return [
    ...(whole === undefined ? [] : [{ way: "whole", said: whole, told: ofWhole }]),
    ...(frames === undefined ? [] : [{ way: "streamed", said: joined(frames), told: ofStream }]),
  ];
}

/** What was neither said nor told. */
function silent(message: Message, from: ProtocolId, to: ProtocolId): string[] {
  return encodings(message, to).flatMap(({ way, said, told }) => {
    const isThere = finder(said);
    return message.blocks.flatMap((block, at) =>
      isCutCall(message, at)
        ? []
        : leavesOf(contentOf(block), `blocks[${at}]`)
            .filter((leaf) => !isThere(leaf) && !told.some((field) => leaf.path.startsWith(field)))
            .map(({ path, value }) => `${from}>${to} ${way} ${path} = ${JSON.stringify(value).slice(0, 60)}`),
    );
  });
}

/**
 * What an answer's block says. Not: its kind and id, a proof (it is sealed), members that only its own provider reads,
 * the place of a citation (characters to some, bytes to Gemini), the type of an image's bytes, and a namespace, which
 * nobody gets who has not asked for one (canon/tools.ts has it for those who did).
 */
function contentOf(block: Block): Json {
  return JSON.parse(JSON.stringify(block, (member, value: Json) => (unsaid.has(member) ? undefined : value))) as Json;
}

const unsaid: ReadonlySet<string> = new Set([
  ...["type", "kind", "id", "native", "ext", "start", "end", "mediaType", "namespace"],
]);

/** A call that the limit cut is left out where somebody might run it: that the answer was cut says its ending. */
function isCutCall({ blocks, finish }: Message, at: number): boolean {
  return at === blocks.length - 1 && blocks[at]?.type === "call" && ["length", "context"].includes(finish.reason);
}

interface Answer {
  readonly name: string;
  readonly from: ProtocolId;
  readonly message: Message;
}

function answersOf(name: string, from: ProtocolId, body: unknown): Answer[] {
  const message = unlessRefused(() => {
    if (typeof body === "string") return collect(eventsOf(protocols[from], body));
    return isObj(body) ? protocols[from].reply.decode(body) : undefined;
  });
  return message === undefined ? [] : [{ name, from, message }];
}

function silences(answers: readonly Answer[]): string[] {
  return answers.flatMap(({ name, from, message }) =>
    protocolIds.filter((to) => to !== from).flatMap((to) => silent(message, from, to).map((one) => `${name}: ${one}`)),
  );
}

function parsed(json: string | undefined): unknown {
  try {
    return JSON.parse(json ?? "null");
  } catch {
    return undefined;
  }
}

it.each(protocolIds)("lost is said of every case that %s answers", (from) => {
  const answers = readCases().flatMap(({ name, replies }) => [
    ...answersOf(name, from, parsed(replies[from]?.json)),
    ...answersOf(name, from, replies[from]?.sse),
  ]);
  expect(answers.length).toBeGreaterThan(10);
  expect(silences(answers)).toEqual([]);
});

describe.skipIf(!haveRecordings)("lost is said of recorded answers", () => {
  it.each(Object.entries(kinds))("of %s", (kind, from) => {
    const answers = [...recordings(kind), ...recordings(kind, "documented")]
      .filter((recording) => recording.response.status < 400)
      .flatMap((recording) => {
        const { body } = recording.response;
        return typeof body === "string" && !isStream(recording) ? [] : answersOf(recording.name, from, body);
      });
    expect(answers.length).toBeGreaterThan(20);
    expect(silences(answers)).toEqual([]);
  });
});
