/**
 * Results of calls. `response` is an object of any shape: `output` or `error` with a text alone is that text; any other
 * object is its own JSON as text, and a text that is the JSON of an object goes out as that object again.
 */
import { defined, isObj, type Json, type Obj, text } from "../../canon/json.ts";
import type { Block, Lose, Text, ToolCall, ToolResult } from "../../canon/request.ts";
import { unsupported } from "../../fault.ts";
import { ext, merge, under } from "./extras.ts";
import { remainder, spell } from "./fields.ts";
import { decodeMedia, encodeMedia, isMedia } from "./media.ts";
import { maybeList, maybeObj, needObj } from "./members.ts";

/** `call` is the call it answers. `part` is the whole part, in our spelling. */
export function decodeResult(part: Obj, at: string, call: ToolCall): ToolResult {
  const wire = spell(needObj(part.functionResponse, `${at}.functionResponse`), "functionResponse");
  const response = maybeObj(wire.response, `${at}.functionResponse.response`);
  const media = maybeList(wire.parts, `${at}.functionResponse.parts`);
  const { functionResponse: _, ...others } = part;
  const own = {
    ...remainder(wire, "functionResponse"),
    ...(text(wire.id) !== undefined && wire.id !== call.id && { id: wire.id }),
    ...(text(wire.name) !== undefined && wire.name !== call.name && { name: wire.name }),
  };
  return defined({
    type: "result" as const,
    callId: call.id,
    kind: "function" as const,
    blocks: [
      ...decodeResponse(response),
      ...media.map((each, index) => decodeResultPart(each, `${at}.functionResponse.parts[${index}]`)),
    ],
    isError: isError(response) ? true : undefined,
    ...ext({ ...others, ...under("functionResponse", own) }),
  });
}

function decodeResponse(response: Obj): Text[] {
  if (Object.keys(response).length === 0) return [];
  return [{ type: "text", text: plainText(response) ?? JSON.stringify(response) }];
}

/** The text of a response that is nothing but a text. */
function plainText(response: Obj): string | undefined {
  if (Object.keys(response).length !== 1) return undefined;
  return text(response.output) ?? text(response.error);
}

function isError(response: Obj): boolean {
  return response.error !== undefined && response.output === undefined;
}

function decodeResultPart(value: Json, at: string): Block {
  const part = spell(needObj(value, at), "part");
  const media = part.inlineData === undefined && part.fileData === undefined ? undefined : decodeMedia(part, at);
  return media ?? { type: "opaque", protocol: "gemini", value: part };
}

/** The response of a result, and the parts with its images and files. `at` is the block's path in canon. */
export function encodeResult(result: ToolResult, name: string, at: string, lose: Lose): { part: Obj; media: Obj[] } {
  const texts: string[] = [];
  const media: Obj[] = [];
  for (const [index, block] of result.blocks.entries()) {
    const path = `${at}.blocks[${index}]`;
    if (block.type === "text" || block.type === "refusal") texts.push(block.text);
    else if (isMedia(block)) media.push(merge(encodeMedia(block, path), block.ext?.gemini));
    else if (block.type === "opaque" && block.protocol === "gemini") media.push(block.value);
    else if (block.type === "opaque") lose(path);
    else throw unsupported(path, "cannot stand in a tool's result at Gemini.");
  }
  const response = texts.length > 0 ? encodeResponse(texts.join("\n"), result.isError ?? false) : {};
  return { part: { functionResponse: { id: result.callId, name, response } }, media };
}

function encodeResponse(output: string, failed: boolean): Obj {
  const object = parseObject(output);
  if (object !== undefined && isError(object) === failed && plainText(object) === undefined) return object;
  return failed ? { error: output } : { output };
}

/** The object whose JSON this is, to the letter. */
function parseObject(json: string): Obj | undefined {
  if (!json.startsWith("{")) return undefined;
  try {
    const parsed: Json = JSON.parse(json);
    return isObj(parsed) && Object.keys(parsed).length > 0 && JSON.stringify(parsed) === json ? parsed : undefined;
  } catch {
    return undefined;
  }
}
