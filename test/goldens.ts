/**
 * Computes every output of the golden cases: each request as each provider gets it, each answer as each caller gets it,
 * through the real lanes. Run by itself (`npm run goldens`) it writes them; a test only compares.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { readCall } from "../src/call.ts";
import type { Json, Obj } from "../src/canon/json.ts";
import type { ProtocolId, Reasoning } from "../src/canon/request.ts";
import { asFault, type Fault } from "../src/fault.ts";
import { type Lane, laneFor } from "../src/lanes.ts";
import type { Outcome } from "../src/pipes.ts";
import type { Sealer } from "../src/policy/seal.ts";
import { protocols } from "../src/protocols/index.ts";
import { compatible } from "../src/providers/catalog.ts";
import type { Quirk } from "../src/providers/provider.ts";
import { print } from "./goldens-print.ts";

/** Every output of a case: path below its folder to text. */
export function outputsOf(golden: Case): ReadonlyMap<string, string> {
  const outputs = new Map<string, string>();
  for (const caller of protocolIds) {
    const body = golden.requests[caller];
    if (body !== undefined) outputs.set(`out/request.${caller}.json`, print(sentBodies(golden, caller, body)));
  }
  for (const provider of protocolIds) {
    const { json, sse } = golden.replies[provider] ?? {};
    const outcomes: Outcomes = { json: {}, sse: {} };
    for (const caller of protocolIds) {
      const out = `out/reply.${provider}.to.${caller}`;
      if (json !== undefined) {
        const told = tellWhole(laneOf(golden, caller, provider, false), caller, json);
        if (caller !== provider) outputs.set(`${out}.json`, told.text);
        note(outcomes.json, caller, told.outcome);
      }
      if (sse !== undefined) {
        const told = tellStream(laneOf(golden, caller, provider, true), [sse]);
        if (caller !== provider) outputs.set(`${out}.sse`, told.text);
        note(outcomes.sse, caller, told.outcome);
      }
    }
    if (json !== undefined || sse !== undefined) outputs.set(`out/reply.${provider}.outcome.json`, print(outcomes));
  }
  return outputs;
}

/** What one folder of `test/cases` holds. */
export interface Case {
  readonly name: string;
  /** By the caller's protocol. */
  readonly requests: Readonly<Partial<Record<ProtocolId, Obj>>>;
  /** By the provider's protocol: where it differs from the usual one. */
  readonly targets: Readonly<Partial<Record<ProtocolId, Spot>>>;
  /** By the provider's protocol: what it said. */
  readonly replies: Readonly<Partial<Record<ProtocolId, Reply>>>;
}

interface Spot {
  readonly model: string;
  readonly quirks: readonly Quirk[];
}

interface Reply {
  readonly json?: string;
  readonly sse?: string;
}

export const protocolIds = ["chat", "responses", "messages", "gemini"] as const satisfies readonly ProtocolId[];

/** Where the cases lie. */
export const casesFolder = join(import.meta.dirname, "cases");

/** All cases, by name. */
export function readCases(): Case[] {
  return readdirSync(casesFolder)
    .sort()
    .map((name) => {
      const replies = protocolIds.map((id) => [id, readReply(name, id)] as const);
      return {
        name,
        requests: JSON.parse(read(name, "request.json") ?? "{}") as Case["requests"],
        targets: JSON.parse(read(name, "targets.json") ?? "{}") as Case["targets"],
        replies: Object.fromEntries(replies.filter(([, reply]) => reply !== undefined)),
      };
    });
}

function read(name: string, file: string): string | undefined {
  const path = join(casesFolder, name, file);
  return existsSync(path) ? readFileSync(path, "utf8") : undefined;
}

function readReply(name: string, provider: ProtocolId): Reply | undefined {
  const [json, sse] = [read(name, `reply.${provider}.json`), read(name, `reply.${provider}.sse`)];
  if (json === undefined && sse === undefined) return undefined;
  return { ...(json !== undefined && { json }), ...(sse !== undefined && { sse }) };
}

const usual = {
  chat: { model: "some-model", quirks: compatible.quirks },
  responses: { model: "gpt-5.5", quirks: [] },
  messages: { model: "claude-opus-5", quirks: [] },
  gemini: { model: "gemini-3-pro", quirks: [] },
} as const satisfies Record<ProtocolId, Spot>;

const providerIds = {
  chat: "compatible",
  responses: "openai",
  messages: "anthropic",
  gemini: "google",
} as const satisfies Record<ProtocolId, string>;

/** What is asked where a case says nothing of it. */
const questions = {
  chat: { messages: [{ role: "user", content: "Go on." }] },
  responses: { input: "Go on." },
  messages: { max_tokens: 1000, messages: [{ role: "user", content: "Go on." }] },
  gemini: { contents: [{ role: "user", parts: [{ text: "Go on." }] }] },
} as const satisfies Record<ProtocolId, Obj>;

/** The lane of a call that wants an answer: the case's own request, or else the usual question. */
export function laneOf(golden: Case, caller: ProtocolId, provider: ProtocolId, stream: boolean): Lane {
  const body: Obj = golden.requests[caller] ?? questions[caller];
  const usage = stream && caller === "chat" ? { stream_options: { include_usage: true } } : {};
  return lane(golden, caller, provider, { ...usage, ...body, stream });
}

function lane(golden: Case, caller: ProtocolId, provider: ProtocolId, body: Obj): Lane {
  const { model, quirks } = golden.targets[provider] ?? usual[provider];
  const id = providerIds[provider];
  const bytes = (value: Obj): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
  const asked: Obj = { model: "asked-for", ...body };
  const { model: _, stream, ...own } = asked;
  // A Gemini caller says in the URL which model it wants, and whether to stream.
  const call =
    caller === "gemini"
      ? readCall("call1", caller, bytes(own), { model: "asked-for", stream: stream === true })
      : readCall("call1", caller, bytes(asked));
  return laneFor({
    call,
    target: {
      provider: { id, name: id, base: "", speaks: [provider], auth: "bearer", quirks },
      protocol: provider,
      model,
    },
    sealer,
    keep: () => "gbxkkept",
    origin: `${id}/${model}/account`,
    strict: false,
    createdAt: 1_700_000_000,
  });
}

const prefix = "gbxr1";

/** Tokens that can be read and never change: what is inside in base64, not encrypted. */
const sealer: Sealer = {
  seal: (block, origin) => {
    const made = { ...block, native: { ...block.native, origin } };
    return prefix + Buffer.from(JSON.stringify(made)).toString("base64url");
  },
  open: (token) => {
    if (!token.startsWith(prefix)) return undefined;
    return JSON.parse(Buffer.from(token.slice(prefix.length), "base64url").toString()) as Reasoning;
  },
};

/** One caller's request at every provider: the body and what was lost on the way, or why it was refused. */
function sentBodies(golden: Case, caller: ProtocolId, body: Obj): Obj {
  return Object.fromEntries(
    protocolIds.map((provider) => {
      const { model } = golden.targets[provider] ?? usual[provider];
      return [`${provider} ${model}`, sentBody(golden, caller, provider, body)];
    }),
  );
}

function sentBody(golden: Case, caller: ProtocolId, provider: ProtocolId, asked: Obj): Obj {
  try {
    const { body, losses } = lane(golden, caller, provider, asked);
    const sent = JSON.parse(Buffer.concat(body).toString()) as Obj;
    const lost = losses.map(({ field, change }) => `${field}=${change}`);
    return {
      ...(lost.length > 0 && { lost }),
      ...(caller === provider ? { relayed: edited(asked, sent) } : { body: sent }),
    };
  } catch (thrown) {
    const { kind, status, param, message } = known(thrown);
    return { refused: { kind, status, ...(param !== undefined && { param }), message } };
  }
}

/** What the relay changed: it leaves the rest as it is. */
function edited(asked: Obj, sent: Obj): Obj {
  return Object.fromEntries(
    Object.entries(sent).filter(([member, value]) => JSON.stringify(value) !== JSON.stringify(asked[member])),
  );
}

/** The fault; a defect of ours fails the run. */
function known(thrown: unknown): Fault {
  const fault = asFault(thrown);
  if (fault.kind === "internal") throw thrown;
  return fault;
}

interface Told {
  readonly text: string;
  readonly outcome: Obj;
}

/** A JSON answer as the caller gets it: a failure as the status and body that tell of it. */
function tellWhole(lane: Lane, caller: ProtocolId, json: string): Told {
  try {
    const { body, usage } = lane.whole(new TextEncoder().encode(json), false);
    const text = print(JSON.parse(Buffer.from(body).toString()) as Json);
    return { text, outcome: { ended: "whole", usage: { ...usage } } };
  } catch (thrown) {
    const fault = known(thrown);
    const text = print({ status: fault.status, body: protocols[caller].fault.encode(fault, "call1") });
    return { text, outcome: { fault: inShort(fault) } };
  }
}

/** A streamed answer as the caller gets it, from a body that arrives in these pieces. */
export function tellStream(lane: Lane, pieces: readonly (string | Uint8Array)[]): Told {
  let outcome: Outcome | undefined;
  const answer = lane.stream((told) => {
    outcome = told;
  });
  const out: Uint8Array[] = [];
  for (const piece of pieces) {
    if (!answer.done) out.push(answer.push(typeof piece === "string" ? new TextEncoder().encode(piece) : piece));
  }
  if (!answer.done) out.push(answer.end());
  if (outcome === undefined) throw new Error("the stream has ended and nobody was told");
  const { ended, usage, fault } = outcome;
  const told = { ended, usage: { ...usage }, ...(fault !== undefined && { fault: inShort(fault) }) };
  return { text: Buffer.concat(out).toString(), outcome: told };
}

function inShort({ kind, message }: Fault): string {
  return `${kind}: ${message}`;
}

/** By outcome, who has it: mostly all callers the same. */
interface Outcomes extends Obj {
  readonly json: Record<string, Obj>;
  readonly sse: Record<string, Obj>;
}

function note(outcomes: Record<string, Obj>, caller: ProtocolId, outcome: Obj): void {
  const same = Object.keys(outcomes).find((callers) => JSON.stringify(outcomes[callers]) === JSON.stringify(outcome));
  if (same !== undefined) delete outcomes[same];
  outcomes[same === undefined ? `to ${caller}` : `${same}, ${caller}`] = outcome;
}

/** Writes every output anew. */
function update(): void {
  for (const golden of readCases()) {
    const outputs = outputsOf(golden);
    rmSync(join(casesFolder, golden.name, "out"), { recursive: true, force: true });
    for (const [path, text] of outputs) {
      const file = join(casesFolder, golden.name, path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, text);
    }
  }
}

if (import.meta.main) update();
