// Providers that look at the proofs of reasoning they are sent back, as Anthropic, Google and OpenAI do: what was
// altered, moved, made by another account or, where it must be there, left out, is refused. Only for models whose
// script says so (`Turn.proofs`).

import { type Obj, obj, objects, str } from "./json.ts";
import type { Problem, ProviderRequest, WireId } from "./wire.ts";

/** `required`: a tool loop must bring them back. `checked`: it may leave all of them, or the oldest, out. */
export type Proofs = "required" | "checked";

export interface Vault {
  /** Remembers an answer, as it is when it is not streamed. */
  note(answer: Obj, proofs: Proofs, request: ProviderRequest): void;
  check(request: ProviderRequest): Problem | undefined;
}

export function vault(): Vault {
  const issued = new Map<string, Issued[]>();
  return {
    note(answer, proofs, request) {
      const grammar = grammars[request.protocol];
      if (grammar === undefined) return;
      const answers = issued.get(request.model) ?? [];
      const marks = grammar.answer(answer);
      issued.set(request.model, [...answers, { marks, account: account(request), proofs, basis: basisOf(request) }]);
    },
    check(request) {
      const answers = issued.get(request.model);
      const grammar = grammars[request.protocol];
      if (answers === undefined || grammar === undefined) return undefined;
      const own = answers.filter((answer) => answer.account === account(request));
      return judge(grammar.steps(request.body), own, request.protocol);
    },
  };
}

/** A block of an answer as far as proofs are concerned. An `aside` is a proof that may be left out. */
interface Mark {
  kind: "proof" | "aside" | "call" | "text";
  value: string;
}

interface Issued {
  marks: Mark[];
  account: string;
  proofs: Proofs;
  /** The proofs in the request that was answered: these are bound to what follows. */
  basis: string[];
}

/** One answer as the request gives it back; `isOver`: the user spoke after its tool loop. */
interface Step {
  marks: Mark[];
  isOver: boolean;
}

/** All proofs in a request's history. */
function basisOf({ protocol, body }: ProviderRequest): string[] {
  return grammars[protocol]?.steps(body).flatMap(({ marks }) => valuesOf("proof", marks)) ?? [];
}

function account({ headers }: ProviderRequest): string {
  return headers["x-api-key"] ?? headers["x-goog-api-key"] ?? headers.authorization ?? "";
}

function judge(steps: Step[], answers: Issued[], protocol: WireId): Problem | undefined {
  const before: string[] = [];
  for (const step of steps) {
    const answer = answers.find(({ marks }) => isSame(step.marks, marks));
    const sent = valuesOf("proof", step.marks);
    const made = valuesOf("proof", answer?.marks ?? []);
    const known = [...made, ...valuesOf("aside", answer?.marks ?? [])];
    const strange = [...sent, ...valuesOf("aside", step.marks)].find((proof) => !known.includes(proof));
    if (strange !== undefined)
      return { message: `Invalid \`signature\` in \`thinking\` block: ${strange.slice(0, 60)}` };
    if (sent.length > 0 && print(step.marks) !== print(answer?.marks ?? [])) {
      return { message: "The proofs of reasoning in an answer cannot be moved or left out one by one." };
    }
    if (sent.length === 0 && made.length > 0) {
      if (answer?.proofs === "required" && !step.isOver) {
        return { message: "Expected `thinking` or `redacted_thinking`, but found `tool_use`." };
      }
      // Of an answer that called nothing, no proof tells a provider without a memory whether it ever had thoughts.
      const hasCalls = valuesOf("call", step.marks).length > 0;
      if (hasCalls && before.length > 0 && protocol === "messages") return gap;
    }
    if (sent.length > 0 && protocol === "messages" && !isEndOf(before, answer?.basis ?? [])) return gap;
    before.push(...sent);
  }
  return undefined;
}

/** Anthropic takes a history without its oldest thinking, and no gaps. */
const gap: Problem = { message: "There is a gap among the `thinking` blocks." };

function isEndOf(values: string[], all: string[]): boolean {
  return JSON.stringify(all.slice(all.length - values.length)) === JSON.stringify(values);
}

/** The same answer, whatever became of its proofs: by its calls, or by its text where it has none. */
function isSame(sent: Mark[], made: Mark[]): boolean {
  const what = (marks: Mark[]): Mark[] => {
    const calls = marks.filter(({ kind }) => kind === "call");
    return calls.length > 0 ? calls : marks.filter(({ kind }) => kind === "text");
  };
  return print(what(sent)) === print(what(made));
}

function valuesOf(kind: Mark["kind"], marks: Mark[]): string[] {
  return marks.filter((mark) => mark.kind === kind).map(({ value }) => value);
}

function print(marks: Mark[]): string {
  return JSON.stringify(marks.filter(({ kind }) => kind !== "aside"));
}

interface Grammar {
  answer(body: Obj): Mark[];
  steps(body: Obj): Step[];
}

const grammars: Partial<Record<WireId, Grammar>> = {
  messages: {
    answer: (body) => objects(body.content).flatMap(messagesMark),
    steps: (body) =>
      stepsOf(
        objects(body.messages),
        ({ role }) => role === "assistant",
        ({ content }) => typeof content === "string" || !objects(content).some(({ type }) => type === "tool_result"),
        ({ content }) =>
          typeof content === "string" ? [mark("text", content)] : objects(content).flatMap(messagesMark),
      ),
  },
  gemini: {
    answer: (body) => objects(obj(objects(body.candidates)[0]?.content).parts).flatMap(geminiMark),
    steps: (body) =>
      stepsOf(
        objects(body.contents),
        ({ role }) => role === "model",
        ({ parts }) => !objects(parts).some(({ functionResponse }) => functionResponse !== undefined),
        ({ parts }) => objects(parts).flatMap(geminiMark),
      ),
  },
  responses: {
    answer: (body) => objects(body.output).flatMap(responsesMark),
    steps: (body) =>
      stepsOf(
        objects(body.input),
        ({ type, role }) => type === "reasoning" || isCall(type) || role === "assistant",
        ({ role }) => role === "user",
        (item) => responsesMark(item),
      ),
  },
};

/** Neighbouring entries of the assistant's are one answer. */
function stepsOf(
  entries: Obj[],
  isAnswer: (entry: Obj) => boolean,
  isUser: (entry: Obj) => boolean,
  marks: (entry: Obj) => Mark[],
): Step[] {
  const steps: Step[] = [];
  const asked = entries.findLastIndex((entry) => !isAnswer(entry) && isUser(entry));
  entries.forEach((entry, at) => {
    if (!isAnswer(entry)) return;
    const last = at > 0 && isAnswer(entries[at - 1] ?? {}) ? steps.at(-1) : undefined;
    if (last === undefined) steps.push({ marks: marks(entry), isOver: at < asked });
    else last.marks.push(...marks(entry));
  });
  return steps;
}

function mark(kind: Mark["kind"], value: unknown): Mark {
  return { kind, value: typeof value === "string" ? value : JSON.stringify(value) };
}

function messagesMark(block: Obj): Mark[] {
  const { cache_control: _, ...own } = block;
  switch (block.type) {
    case "thinking":
    case "redacted_thinking":
      return [mark("proof", own)];
    case "tool_use":
      return [mark("call", block.id)];
    default:
      return [mark("text", block.text)];
  }
}

/** A thought that is not signed may be left out, and the signature of a text; a sentinel is no proof. */
function geminiMark(part: Obj): Mark[] {
  const signature = str(part.thoughtSignature);
  const isProof = signature !== "" && signature !== "skip_thought_signature_validator";
  if (part.functionCall !== undefined) {
    const { name, args } = obj(part.functionCall);
    return [...(isProof ? [mark("proof", signature)] : []), mark("call", [name, args])];
  }
  const said = part.thought === true || str(part.text) === "" ? [] : [mark("text", part.text)];
  return [...(isProof ? [mark("aside", signature)] : []), ...said];
}

function responsesMark(item: Obj): Mark[] {
  if (item.type === "reasoning") return [mark("proof", item.encrypted_content)];
  if (isCall(item.type)) return [mark("call", item.call_id)];
  if (typeof item.content === "string") return [mark("text", item.content)];
  return objects(item.content).map(({ text, refusal }) => mark("text", text ?? refusal));
}

function isCall(type: unknown): boolean {
  return type === "function_call" || type === "custom_tool_call";
}
