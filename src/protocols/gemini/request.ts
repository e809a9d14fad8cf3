/** A call of generateContent as canon, and canon as its body. */
import { reportForeign } from "../../canon/foreign.ts";
import { defined, flag, type Obj } from "../../canon/json.ts";
import type { Block, CanonRequest, Lose } from "../../canon/request.ts";
import type { Open } from "../protocol.ts";
import { decodeContents } from "./contents.ts";
import { encodeConversation } from "./conversation.ts";
import { ext, merge, under } from "./extras.ts";
import { remainder, spell } from "./fields.ts";
import { maybeList, maybeText, needObj, needText } from "./members.ts";
import { decodeOptions, decodeTier, encodeOptions, encodeTier } from "./options.ts";
import { decodeToolChoice, decodeTools, encodeToolChoice, encodeTools } from "./tools.ts";

/**
 * `body` also holds `model` and `stream`, which the router took from the URL. Members may be spelt in camelCase or
 * snake_case. What comes back from `encode` is in camelCase, thinking levels in capitals and schemas in JSON Schema.
 */
export function decode(body: Obj, open: Open): CanonRequest {
  const wire = spell(body, "request");
  const model = maybeText(wire.model, "model") ?? "";
  const tools = decodeTools(wire.tools);
  const { toolChoice, rest: toolConfig } = decodeToolChoice(wire.toolConfig);
  const { options, rest: generationConfig } = decodeOptions(wire.generationConfig);
  const { tier, rest: serviceTier } = decodeTier(wire.serviceTier);
  const { instructions, rest: systemInstruction } = decodeInstructions(wire.systemInstruction);
  return defined({
    model,
    stream: flag(wire.stream) ?? false,
    instructions,
    turns: decodeContents(wire.contents, model, open),
    tools: tools.length > 0 ? tools : undefined,
    toolChoice,
    ...options,
    tier,
    ...ext({
      ...remainder(wire, "request"),
      ...under("systemInstruction", systemInstruction),
      ...under("toolConfig", toolConfig),
      ...under("generationConfig", generationConfig),
      ...serviceTier,
    }),
  });
}

function decodeInstructions(value: Obj[string]): { instructions?: Block[]; rest?: Obj | undefined } {
  if (value === undefined || value === null) return {};
  const at = "systemInstruction";
  const content = spell(needObj(value, at), "content");
  const parts = maybeList(content.parts, `${at}.parts`);
  const instructions = parts.map((each, index): Block => {
    const part = needObj(each, `${at}.parts[${index}]`);
    const { text, ...others } = part;
    if (text === undefined) return { type: "opaque", protocol: "gemini", value: part };
    return { type: "text", text: needText(text, `${at}.parts[${index}].text`), ...ext(others) };
  });
  const role = content.role === undefined ? {} : { role: content.role };
  const rest = { ...remainder(content, "content"), ...role };
  return { ...(instructions.length > 0 && { instructions }), rest };
}

/** The model and whether to stream are not in the body: the URL says them. */
export function encode(request: CanonRequest, lose: Lose): Obj {
  reportForeign(request.ext, "gemini", lose);
  loseHints(request, lose);
  const { systemInstruction, contents } = encodeConversation(request, lose);
  const body = defined({
    contents,
    systemInstruction,
    tools: encodeTools(request, lose),
    toolConfig: encodeToolChoice(request),
    generationConfig: encodeOptions(request, lose),
    serviceTier: encodeTier(request.tier, lose),
  });
  return merge(body, request.ext?.gemini);
}

/** Canon's fields that Gemini has no word for, and whose loss the caller can live with. */
const hints = ["verbosity", "user", "metadata", "cacheKey"] as const satisfies readonly (keyof CanonRequest)[];

function loseHints(request: CanonRequest, lose: Lose): void {
  for (const hint of hints) if (request[hint] !== undefined) lose(hint);
  if (request.parallel === false) lose("parallel");
  if (request.format?.type === "schema" && request.format.description !== undefined) lose("format.description");
}
