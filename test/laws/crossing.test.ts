/** Every recorded answer crosses to every other protocol and back with its text, calls, end and counts. */
import { describe, expect, it } from "vitest";
import { collect, type Message, replay } from "../../src/canon/event.ts";
import type { Block, ProtocolId } from "../../src/canon/request.ts";
import { print } from "../../src/http/sse.ts";
import { protocols } from "../../src/protocols/index.ts";
import { haveRecordings, kinds, recordings } from "../recordings.ts";
import { context, messageOf } from "./answers.ts";
import { eventsOf } from "./laws.ts";

const ends = {
  stop: "stop",
  stop_sequence: "stop",
  other: "stop",
  pause: "stop",
  length: "length",
  context: "length",
} as const;

/** What of an answer every protocol can say. A refusal and a filter are one thing to some of them. */
function meaning({ blocks, finish, usage }: Message) {
  const texts = blocks.map((block) => (block.type === "text" ? block.text : "")).join("");
  const calls = blocks.flatMap((block) =>
    block.type === "call" && block.kind === "function" ? [[block.name, JSON.parse(block.input || "{}")]] : [],
  );
  const end = finish.reason in ends ? ends[finish.reason as keyof typeof ends] : finish.reason;
  return {
    texts,
    calls,
    end,
    input: usage.input,
    output: usage.output,
    reasoning: usage.reasoning ?? 0,
    cached: usage.cacheRead ?? 0,
  };
}

/** Why an answer is not put to the law. */
function exclusion({ blocks, finish, usage }: Message): string | undefined {
  if (finish.reason === "refusal" || finish.reason === "filter") return "refusals have tests of their own";
  if (blocks.some((block) => block.type === "refusal")) return "refusals have tests of their own";
  if (usage.input === undefined || usage.output === undefined)
    return "its usage is not whole, which Responses cannot say";
  if (blocks.some(({ type }) => type === "opaque" || type === "search")) return "it holds what only its provider knows";
  if (blocks.some((block) => block.type === "call" && (block.kind !== "function" || !isJsonObject(block))))
    return "its calls are no plain functions";
  return undefined;
}

function isJsonObject(block: Extract<Block, { type: "call" }>): boolean {
  try {
    return typeof JSON.parse(block.input || "{}") === "object";
  } catch {
    return false;
  }
}

function crossed(message: Message, to: ProtocolId): Message[] {
  const protocol = protocols[to];
  const encoder = protocol.stream.encode(context);
  const stream = print(
    replay(message).flatMap((event) => encoder.event(event)),
    protocol.newline,
  );
  return [
    protocol.reply.decode(protocol.reply.encode(message, context)),
    collect(eventsOf(protocol, stream, [7, 300])),
  ];
}

describe.skipIf(!haveRecordings)("a recorded answer", () => {
  for (const [kind, protocol] of Object.entries(kinds)) {
    it(`of ${kind} means the same in every protocol, whole and streamed`, () => {
      const left = new Map<string, number>();
      let passed = 0;
      for (const recording of recordings(kind)) {
        const message = messageOf(recording, protocol);
        const why = message === undefined ? "no answer of this protocol" : exclusion(message);
        if (message === undefined || why !== undefined) {
          left.set(why ?? "", (left.get(why ?? "") ?? 0) + 1);
          continue;
        }
        for (const to of ["chat", "responses", "messages", "gemini"] as const) {
          for (const back of crossed(message, to)) {
            expect({ name: recording.name, to, ...meaning(back) }).toEqual({
              name: recording.name,
              to,
              ...meaning(message),
            });
          }
        }
        passed++;
      }
      console.info(`${kind}: ${passed} crossed to all four; left out: ${JSON.stringify(Object.fromEntries(left))}`);
      expect(passed).toBeGreaterThan(20);
    });
  }
});
