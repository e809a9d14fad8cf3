/**
 * Promises about JSON Schema. Where a caller asked for answers or arguments that keep to a schema, it is sent in what
 * the target's strict mode takes of it, and the rest is told in descriptions and checked here on the finished answer; or
 * the call is refused. It is never claimed. A schema for which no strictness was asked passes unchanged.
 */
import type { Obj } from "../canon/json.ts";
import type { CanonRequest, Format, FunctionTool, Lose, ProtocolId, Tool } from "../canon/request.ts";
import { unsupported } from "../fault.ts";
import type { Promised } from "./schema-check.ts";
import { type Note, rewrite } from "./schema-rewrite.ts";
import { asserts, type Dialect, type Fate } from "./schema-rules.ts";
import { survey } from "./schema-survey.ts";

interface Spoken {
  readonly protocol: ProtocolId;
  readonly provider: { readonly id: string };
}

export interface Fitted {
  readonly request: CanonRequest;
  /** What is left to hold the answer against; absent where the provider keeps to all, or nothing was promised. */
  readonly promised?: Promised;
}

/**
 * The request with each schema as the target can be held to it. Its tools must be flat. Throws Fault `unsupported`,
 * which names the field and the keyword, where neither the target nor we could keep the promise.
 */
export function fitSchemas(request: CanonRequest, target: Spoken, lose: Lose): Fitted {
  const dialect = dialectOf(target);
  const tools = request.tools?.map((tool, index) => fitTool(tool, `tools[${index}]`, dialect, lose));
  const format = fitFormat(request, dialect, lose);
  const checked = (tools ?? []).flatMap(({ tool, check }) =>
    tool.type === "function" && check !== undefined ? [[tool.name, check] as const] : [],
  );
  const fitted: CanonRequest = {
    ...request,
    ...(tools !== undefined && { tools: tools.map(({ tool }) => tool) }),
    ...(format !== undefined && { format: format.format }),
  };
  if (checked.length === 0 && format?.check === undefined) return { request: fitted };
  const promised = { calls: new Map(checked), ...(format?.check !== undefined && { answer: format.check }) };
  return { request: fitted, promised };
}

/** The houses whose models are held to OpenAI's strict mode; of other servers that speak its protocols nothing is known. */
const openaiHouses: ReadonlySet<string> = new Set(["openai", "azure"]);

function dialectOf({ protocol, provider }: Spoken): Dialect | undefined {
  switch (protocol) {
    case "messages":
      return "anthropic";
    case "gemini":
      return "gemini";
    case "chat":
    case "responses":
      return openaiHouses.has(provider.id) ? "openai" : undefined;
  }
}

interface FittedTool {
  readonly tool: Tool;
  /** The caller's schema, where it is for us to check. */
  readonly check?: Obj;
}

/** An unsaid `strict` means true to OpenAI's Responses alone, where it is relayed: nowhere else is it a promise. */
function fitTool(tool: Tool, field: string, dialect: Dialect | undefined, lose: Lose): FittedTool {
  if (tool.type !== "function" || tool.strict !== true || tool.schema === undefined) return { tool };
  const { schema } = tool;
  const strict = strictly(schema, `${field}.schema`, dialect, lose);
  const isStrict = "schema" in strict;
  // Gemini takes the schema of arguments as advice.
  const isHeld = isStrict && dialect !== "gemini";
  if (!isHeld) lose(`${field}.strict`, "checked");
  const { strict: _, ...plain } = tool;
  const said: FunctionTool = {
    ...plain,
    schema: isStrict ? strict.schema : schema,
    ...(dialect !== "gemini" && { strict: isStrict }),
  };
  return isHeld && strict.isKept ? { tool: said } : { tool: said, check: schema };
}

/** Anthropic keeps to every format, asked or not, and so takes none that it cannot keep to. */
function fitFormat(
  request: CanonRequest,
  dialect: Dialect | undefined,
  lose: Lose,
): { readonly format: Format; readonly check?: Obj } | undefined {
  const { format, ext } = request;
  if (format?.type !== "schema") return undefined;
  const field = "format.schema";
  const { schema } = format;
  if (format.strict !== true && ext?.messages === undefined) {
    if (dialect !== "anthropic") return undefined;
    return { format: { ...format, schema: narrowed(schema, field, lose) } };
  }
  const strict = strictly(schema, field, dialect, lose);
  if (!("schema" in strict)) {
    if (dialect === "anthropic") throw cannot(field, strict);
    lose("format.strict", "checked");
    return { format: { ...format, strict: false }, check: schema };
  }
  const said = { ...format, schema: strict.schema, strict: true };
  return strict.isKept ? { format: said } : { format: said, check: schema };
}

interface Strict {
  readonly schema: Obj;
  /** Does the target keep to all that the caller's schema says? */
  readonly isKept: boolean;
}

/** What keeps a schema out of a strict mode. */
interface Hurdle {
  readonly keyword: string;
  readonly at: string;
}

/** The schema in the target's strict mode, or what keeps it out, so that all is left to the check. */
function strictly(schema: Obj, field: string, dialect: Dialect | undefined, lose: Lose): Strict | Hurdle {
  const { flaw, risk, isRecursive } = survey(schema);
  if (flaw !== undefined) throw cannot(field, flaw, flaw.why);
  const { said, notes } = dialect === undefined ? { said: schema, notes: [] } : noted(schema, dialect, false);
  const hurdle = dialect === undefined ? undefined : hurdleIn(schema, dialect, notes, isRecursive);
  // How deep Gemini follows a schema into itself is not known.
  const isUnsure = dialect === undefined || (isRecursive && dialect === "gemini");
  const isKept = !isUnsure && hurdle === undefined && notes.every(isEnforced);
  if (risk !== undefined && !isKept) throw cannot(field, risk, risk.why);
  if (hurdle !== undefined) return hurdle;
  tell(notes, field, lose);
  return { schema: said, isKept };
}

function isEnforced({ keyword, fate }: Noted): boolean {
  return fate === "enforced" || fate === "enum" || !asserts(keyword);
}

/** For a caller who did not ask for strictness: any answer that the narrower schema allows, the wider one allows too. */
function narrowed(schema: Obj, field: string, lose: Lose): Obj {
  const { flaw, isRecursive } = survey(schema);
  if (flaw !== undefined) throw cannot(field, flaw, flaw.why);
  const { said, notes } = noted(schema, "anthropic", true);
  const hurdle = hurdleIn(schema, "anthropic", notes, isRecursive);
  if (hurdle !== undefined) throw cannot(field, hurdle);
  tell(notes, field, lose);
  return said;
}

interface Noted {
  readonly keyword: string;
  readonly fate: Fate;
  readonly at: string;
}

function noted(schema: Obj, dialect: Dialect, closes: boolean): { said: Obj; notes: readonly Noted[] } {
  const notes: Noted[] = [];
  const note: Note = (keyword, fate, at) => notes.push({ keyword, fate, at });
  return { said: rewrite(schema, { dialect, closes, note }), notes };
}

function hurdleIn(schema: Obj, dialect: Dialect, notes: readonly Noted[], isRecursive: boolean): Hurdle | undefined {
  if (isRecursive && dialect === "anthropic") return { keyword: "$ref", at: "" };
  if (dialect === "openai" && schema.type !== "object") return { keyword: "type", at: "" };
  const choice =
    dialect === "openai" ? (["anyOf", "oneOf"] as const).find((word) => schema[word] !== undefined) : undefined;
  return choice === undefined ? notes.find(({ fate }) => fate === "loose") : { keyword: choice, at: "" };
}

function cannot(field: string, { keyword, at }: Hurdle, why = "is not as this provider's strict mode wants it"): Error {
  return unsupported(field, `cannot be kept to: '${keyword}' at '${at}' ${why}.`);
}

const changes: { readonly [fate in Fate]?: string } = { described: "described", anyOf: "anyOf", closed: "false" };

/** Each keyword once, however often the schema has it. */
function tell(notes: readonly Noted[], field: string, lose: Lose): void {
  const told = new Set<string>();
  for (const { keyword, fate } of notes) {
    const change = changes[fate];
    if (change === undefined || told.has(keyword)) continue;
    told.add(keyword);
    lose(`${field}: ${keyword}`, change);
  }
}
