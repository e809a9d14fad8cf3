/** What a request says about thinking and about the form of the answer: `reasoning` and `text`, both ways. */
import { defined, type Obj, obj, text } from "../../canon/json.ts";
import { type CanonRequest, efforts, type Format, type Lose, type ReasoningOptions } from "../../canon/request.ts";
import { at, maybe, missing, need, spare, word } from "./wire.ts";

const reasoningMembers = new Set(["effort", "summary"]);
const summaries = ["auto", "concise", "detailed"] as const;

/** The options canon knows, and the members it does not. */
export function decodeReasoningOptions(body: Obj): { options?: ReasoningOptions; others?: Obj } {
  const reasoning = maybe(body, "reasoning", "object");
  if (reasoning === undefined) return {};
  return defined({
    options: defined({
      effort: word(reasoning, "effort", efforts, "reasoning"),
      summary: word(reasoning, "summary", summaries, "reasoning"),
    }),
    others: spare(reasoning, reasoningMembers),
  });
}

/** Budgets and switches of thinking are other protocols' words: what they ask for is in the effort by now. */
export function encodeReasoningOptions(options: ReasoningOptions | undefined, others: unknown): Obj | undefined {
  const { effort, summary } = options ?? {};
  const said = defined({ effort, summary: summary === "none" ? undefined : summary, ...obj(others) });
  return Object.keys(said).length > 0 || options?.effort !== undefined ? said : undefined;
}

const textMembers = new Set(["format", "verbosity"]);
const schemaMembers = new Set(["type", "name", "schema", "description", "strict"]);
const typeOnly = new Set(["type"]);

interface TextOptions {
  readonly format?: Format;
  readonly verbosity?: string;
  readonly others?: Obj;
}

export function decodeText(body: Obj): TextOptions {
  const options = maybe(body, "text", "object");
  if (options === undefined) return {};
  const wire = maybe(options, "format", "object", "text");
  const { format, spared } = wire === undefined ? {} : decodeFormat(wire, "text.format");
  const others = defined({ ...spare(options, textMembers), ...(wire !== undefined && { format: spared }) });
  return defined({
    format,
    verbosity: word(options, "verbosity", ["low", "medium", "high"], "text"),
    others: Object.keys(others).length > 0 ? others : undefined,
  });
}

function decodeFormat(wire: Obj, path: string): { format?: Format; spared?: Obj } {
  switch (wire.type) {
    case "text":
      return defined({ format: { type: "text" as const }, spared: spare(wire, typeOnly) });
    case "json_object":
      return defined({ format: { type: "json" as const }, spared: spare(wire, typeOnly) });
    case "json_schema":
      return defined({ format: decodeSchema(wire, path), spared: spare(wire, schemaMembers) });
    default:
      if (text(wire.type) === undefined) throw missing(at(path, "type"));
      return { spared: wire };
  }
}

function decodeSchema(wire: Obj, path: string): Format {
  return defined({
    type: "schema" as const,
    name: need(wire, "name", "string", path),
    schema: need(wire, "schema", "object", path),
    description: maybe(wire, "description", "string", path),
    strict: maybe(wire, "strict", "boolean", path),
  });
}

/** The name a schema gets where its protocol has none: this one demands it. */
const nameless = "response";

export function encodeText(request: CanonRequest, others: unknown): Obj | undefined {
  const { format: spared, ...own } = obj(others);
  const format = encodeFormat(request.format);
  const said = defined({
    format: format === undefined ? spared : { ...format, ...obj(spared) },
    verbosity: request.verbosity,
    ...own,
  });
  return Object.keys(said).length > 0 ? said : undefined;
}

function encodeFormat(format: Format | undefined): Obj | undefined {
  switch (format?.type) {
    case undefined:
      return undefined;
    case "text":
      return { type: "text" };
    case "json":
      return { type: "json_object" };
    case "schema": {
      const { name = nameless, description, schema, strict } = format;
      return defined({ type: "json_schema", name, description, schema, strict });
    }
  }
}

/** Canon's options that this API has no word for, and that only hint: dropped and said. */
export function loseHints(request: CanonRequest, lose: Lose): void {
  for (const hint of ["topK", "seed"] as const) if (request[hint] !== undefined) lose(hint);
  for (const penalty of ["presencePenalty", "frequencyPenalty"] as const) if (request[penalty]) lose(penalty);
}
