/** One text's embedding asked for in Gemini's words: passed on to Gemini, said to others as OpenAI's embeddings. */
import type { AttemptContext } from "../attempt.ts";
import { isObj, list, number, type Obj, obj, text } from "../canon/json.ts";
import { noUsage } from "../canon/usage.ts";
import { Fault, invalid, unsupported } from "../fault.ts";
import { setMember, splice } from "../http/json.ts";
import type { Target } from "../policy/route.ts";
import { protocols } from "../protocols/index.ts";
import { refusal } from "../refuse.ts";
import { report } from "../report.ts";
import { settle } from "../settle.ts";
import { send } from "../upstream.ts";

/** The embedding by this target; throws the Fault for which another may be tried. */
export async function embedContent(target: Target, context: AttemptContext): Promise<Response> {
  const { call, id, request, deps } = context;
  const isOwn = target.protocol === "gemini";
  const outgoing = {
    path: isOwn ? `models/${target.model}:embedContent` : "embeddings",
    body: isOwn ? relayed(context, target) : [Buffer.from(JSON.stringify(asked(call.body, target.model)))],
    headers: {},
    stream: false,
    signal: request.signal,
    now: deps.clock.now(),
  };
  const answer = await send(target, outgoing, deps.fetch);
  if (!answer.ok) throw await refusal(protocols[target.protocol], answer, isOwn, deps.clock.now());
  const said: unknown = await answer.json().catch(() => undefined);
  if (!isObj(said)) throw new Fault("upstream", "The provider's answer is not a JSON object.");
  settle({ usage: protocols[target.protocol].usage(said, noUsage), ended: "whole" }, target, context);
  return Response.json(isOwn ? said : told(said), { headers: report(id, target, answer) });
}

/** The caller's bytes; where they name the model as well, by the provider's name. */
function relayed({ call }: AttemptContext, { model }: Target): Uint8Array[] {
  if (!call.spans.has("model")) return [call.bytes];
  return splice(call.bytes, [setMember(call.bytes, call.spans, "model", JSON.stringify(`models/${model}`))]);
}

function asked(body: Obj, model: string): Obj {
  const parts = list(obj(body.content).parts);
  if (parts.length === 0) throw invalid("content.parts", "it must not be empty.");
  const texts = parts.map((part, at) => {
    const said = text(obj(part).text);
    if (said === undefined) throw unsupported(`content.parts[${at}]`, "is no text, which alone can be embedded here.");
    return said;
  });
  const dimensions = number(body.outputDimensionality);
  return { model, input: texts.join("\n"), ...(dimensions !== undefined && { dimensions }) };
}

function told(body: Obj): Obj {
  const values = obj(list(body.data)[0]).embedding;
  if (!Array.isArray(values)) throw new Fault("upstream", "The provider's answer has no embedding.");
  return { embedding: { values } };
}
