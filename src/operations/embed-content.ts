/** Embeddings asked for in Gemini's words, of one text or of many: passed on to Gemini, said to others as OpenAI's. */
import type { AttemptContext } from "../attempt.ts";
import { bytesPerToken } from "../bill.ts";
import type { Part } from "../cache/part.ts";
import { list, number, type Obj, obj, text } from "../canon/json.ts";
import { noUsage, type Usage } from "../canon/usage.ts";
import { Fault, invalid, unsupported } from "../fault.ts";
import { setMember, splice } from "../http/json.ts";
import type { Target } from "../policy/route.ts";
import { protocols } from "../protocols/index.ts";
import { refusal } from "../refuse.ts";
import { report } from "../report.ts";
import { settle } from "../settle.ts";
import { send } from "../upstream.ts";
import { objectIn } from "./answer.ts";
import { type Embedded, embedded } from "./embedded.ts";

/** `embedContent` holds one text, `batchEmbedContents` a list of such requests. */
export type EmbedMethod = "embedContent" | "batchEmbedContents";

/** The embeddings by this target; throws the Fault for which another may be tried. */
export async function embedContent(method: EmbedMethod, target: Target, context: AttemptContext): Promise<Response> {
  const { call, request, lease, deps } = context;
  const isOwn = target.protocol === "gemini";
  const whole = isOwn
    ? relayed(context, target)
    : [Buffer.from(JSON.stringify(asked(method, call.body, target.model)))];
  const outgoing = {
    path: isOwn ? `models/${target.model}:${method}` : "embeddings",
    headers: {},
    stream: false,
    signal: request.signal,
    now: deps.clock.now(),
  };
  const ask = async (body: readonly Uint8Array[]): Promise<Response> => {
    const answer = await send(target, { ...outgoing, body }, deps.fetch);
    if (answer.ok) return answer;
    throw await refusal(protocols[target.protocol], answer, isOwn, deps.clock.now());
  };
  const words = isOwn ? geminiWords[method] : "openai";
  const { made, part } = await embedded(words, whole, target, context, ask);
  const answer = made === undefined ? await lease.during(ask(whole)) : made.answer;
  const said = await objectIn(made === undefined ? answer : new Response(made.bytes as Uint8Array<ArrayBuffer>));
  const usage = usageOf(protocols[target.protocol].usage(said, noUsage), part, made);
  const bill = made?.settle(usage) ?? settle({ usage, ended: "whole" }, target, context, { part });
  const headers = report(context, target, answer, { bill, part });
  return Response.json(isOwn ? said : told(method, said), { headers });
}

const geminiWords = { embedContent: "gemini-one", batchEmbedContents: "gemini" } as const;

/** Not every model counts: of what was bought in part the tokens are estimated then, as those of a whole call are. */
function usageOf({ input }: Usage, part?: Part, made?: Embedded): Usage {
  if (input !== undefined) return { input, output: 0 };
  const isPart = part?.state === "partial" && made !== undefined;
  return isPart ? { input: Math.ceil(made.boughtBytes / bytesPerToken) } : noUsage;
}

/** The caller's bytes; where they name the model as well, by the provider's name. */
function relayed({ call: { bytes, body, spans } }: AttemptContext, target: Target): Uint8Array[] {
  const model = `models/${target.model}`;
  const requests = list(body.requests);
  const edits = [
    ...(spans.has("model") ? [setMember(bytes, spans, "model", JSON.stringify(model))] : []),
    ...(requests.every((each) => obj(each).model === model)
      ? []
      : [setMember(bytes, spans, "requests", JSON.stringify(requests.map((each) => ({ ...obj(each), model }))))]),
  ];
  return splice(bytes, edits);
}

function asked(method: EmbedMethod, body: Obj, model: string): Obj {
  const requests = method === "embedContent" ? [body] : list(body.requests).map(obj);
  const [first] = requests;
  if (first === undefined) throw invalid("requests", "it must not be empty.");
  const at = (index: number): string => (method === "embedContent" ? "content" : `requests[${index}].content`);
  const texts = requests.map(({ content }, index) => textIn(obj(content), at(index)));
  const dimensions = number(first.outputDimensionality);
  const input = method === "embedContent" ? (texts[0] ?? "") : texts;
  return { model, input, ...(dimensions !== undefined && { dimensions }) };
}

function textIn(content: Obj, path: string): string {
  const parts = list(content.parts);
  if (parts.length === 0) throw invalid(`${path}.parts`, "it must not be empty.");
  const texts = parts.map((part, at) => {
    const said = text(obj(part).text);
    if (said === undefined) throw unsupported(`${path}.parts[${at}]`, "is no text, which alone can be embedded here.");
    return said;
  });
  return texts.join("\n");
}

function told(method: EmbedMethod, body: Obj): Obj {
  const embeddings = list(body.data).map((each) => ({ values: obj(each).embedding ?? null }));
  const [first] = embeddings;
  if (first === undefined || embeddings.some(({ values }) => !Array.isArray(values))) {
    throw new Fault("upstream", "The provider's answer has no embedding.");
  }
  return method === "embedContent" ? { embedding: first } : { embeddings };
}
