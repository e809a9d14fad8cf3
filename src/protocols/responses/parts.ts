/** Content parts, both ways: text, refusals, images, files and audio inside a message or a tool's output. */
import { defined, type Json, list, number, type Obj, obj, text } from "../../canon/json.ts";
import type { Annotation, Block, CacheMark, Ext, File, Image, Lose, Text } from "../../canon/request.ts";
import { invalid, unsupported } from "../../fault.ts";
import { dataOf, sourceUrl } from "./sources.ts";
import { at, element, extOf, maybe, missing, need, ownOf, spare, word } from "./wire.ts";

/** The type a text part has where nothing else is said: the assistant's own words are `output_text`. */
export type Plain = "input_text" | "output_text";

/** The blocks of a message's or an output's content, which is a string or a list of parts. */
export function decodeParts(content: Json | undefined, path: string, plain: Plain): Block[] {
  if (typeof content === "string") return [{ type: "text", text: content }];
  if (!Array.isArray(content)) throw invalid(path, "expected a string or an array of parts.", "invalid_type");
  return list(content).map((part, place) => {
    const where = `${path}[${place}]`;
    return decodePart(element(part, where), where, plain);
  });
}

export function decodePart(part: Obj, path: string, plain: Plain): Block {
  switch (part.type) {
    case "input_text":
    case "output_text":
      return decodeText(part, path, plain);
    case "refusal":
      return { type: "refusal", text: need(part, "refusal", "string", path), ...extOf(spare(part, refusalMembers)) };
    case "input_image":
      return decodeImage(part, path);
    case "input_file":
      return decodeFile(part, path);
    case "input_audio":
      return decodeAudio(part, path);
    default:
      if (text(part.type) === undefined) throw missing(at(path, "type"));
      return wrapPart(part);
  }
}

/** A part that canon has no word for, wrapped as a message so that it cannot be taken for an item. */
export function wrapPart(part: Obj): Block {
  return { type: "opaque", protocol: "responses", value: { type: "message", content: [part] } };
}

const textMembers = new Set(["type", "text", "annotations"]);
const refusalMembers = new Set(["type", "refusal"]);

function decodeText(part: Obj, path: string, plain: Plain): Text {
  const { logprobs, ...others } = spare(part, textMembers) ?? {};
  const annotations = list(part.annotations).map((each) => decodeAnnotation(obj(each)));
  const urls = annotations.filter((each) => each !== undefined);
  const foreign = list(part.annotations).filter((_, place) => annotations[place] === undefined);
  const ext = defined({
    ...others,
    logprobs: list(logprobs).length > 0 || logprobs === null ? logprobs : undefined,
    type: part.type === plain ? undefined : part.type,
    annotations: foreign.length > 0 ? foreign : undefined,
  });
  return defined({
    type: "text" as const,
    text: need(part, "text", "string", path),
    annotations: urls.length > 0 ? urls : undefined,
    cache: cacheOf(part),
    ...extOf(Object.keys(ext).length > 0 ? ext : undefined),
  });
}

const annotationMembers = new Set(["type", "url", "title", "start_index", "end_index"]);

/** A citation of a web page; other kinds (files, containers) stay as they are. */
export function decodeAnnotation(annotation: Obj): Annotation | undefined {
  const url = text(annotation.url);
  if (annotation.type !== "url_citation" || url === undefined) return undefined;
  return defined({
    type: "url" as const,
    url,
    title: text(annotation.title),
    start: number(annotation.start_index),
    end: number(annotation.end_index),
    ...extOf(spare(annotation, annotationMembers)),
  });
}

/** `length`: of the text. What is cited for no place in it (Anthropic, Gemini) is cited for all of it. */
export function encodeAnnotation(annotation: Annotation, length: number): Obj {
  const { url, title = "", start = 0, end = length } = annotation;
  return { type: "url_citation", start_index: start, end_index: end, url, title, ...ownOf(annotation) };
}

const ttls: Readonly<Record<string, CacheMark["ttl"]>> = { "30m": "5m", "12h": "1h" };

/** A breakpoint for the prompt cache as other protocols know it; the part's own words stay in its `ext`. */
function cacheOf(part: Obj): CacheMark | undefined {
  if (part.prompt_cache_breakpoint === undefined || part.prompt_cache_breakpoint === null) return undefined;
  return defined({ ttl: ttls[text(obj(part.prompt_cache_breakpoint).ttl) ?? ""] });
}

const imageMembers = new Set(["type", "image_url", "file_id", "detail"]);

function decodeImage(part: Obj, path: string): Image {
  const url = maybe(part, "image_url", "string", path);
  const id = maybe(part, "file_id", "string", path);
  if (url !== undefined && id !== undefined) throw invalid(at(path, "image_url"), "not together with 'file_id'.");
  if (url === undefined && id === undefined) throw missing(at(path, "image_url"));
  return defined({
    type: "image" as const,
    source: url === undefined ? { type: "id" as const, protocol: "responses" as const, id: id ?? "" } : sourceUrl(url),
    detail: maybe(part, "detail", "string", path),
    cache: cacheOf(part),
    ...extOf(spare(part, imageMembers)),
  });
}

const fileMembers = new Set(["type", "file_data", "file_id", "file_url", "filename"]);

function decodeFile(part: Obj, path: string): File {
  const given = ["file_data", "file_id", "file_url"].filter(
    (member) => maybe(part, member, "string", path) !== undefined,
  );
  const [member, second] = given;
  if (member === undefined) throw missing(at(path, "file_data"));
  if (second !== undefined) throw invalid(at(path, second), `not together with '${member}'.`);
  const value = need(part, member, "string", path);
  const source =
    member === "file_id"
      ? { type: "id" as const, protocol: "responses" as const, id: value }
      : member === "file_url"
        ? { type: "url" as const, url: value }
        : dataOf(value);
  return defined({
    type: "file" as const,
    source,
    name: maybe(part, "filename", "string", path),
    cache: cacheOf(part),
    ...extOf(spare(part, fileMembers)),
  });
}

const audioMembers = new Set(["type", "input_audio"]);
const soundMembers = new Set(["data", "format"]);
const audioTypes = { wav: "audio/wav", mp3: "audio/mpeg" } as const;

function decodeAudio(part: Obj, path: string): Block {
  const sound = need(part, "input_audio", "object", path);
  const where = at(path, "input_audio");
  const format = word(sound, "format", ["wav", "mp3"], where);
  if (format === undefined) throw missing(at(where, "format"));
  const inner = spare(sound, soundMembers);
  const others = spare(part, audioMembers);
  return defined({
    type: "audio" as const,
    source: { type: "data" as const, mediaType: audioTypes[format], data: need(sound, "data", "string", where) },
    cache: cacheOf(part),
    ...extOf(inner === undefined ? others : { ...others, input_audio: inner }),
  });
}

/** The parts of these blocks. `where` names them in a report of what was lost. */
export function encodeParts(
  blocks: readonly Block[],
  plain: Plain,
  where: (block: Block) => string,
  lose: Lose,
): Obj[] {
  return blocks.flatMap((block) => {
    const part = encodePart(block, plain, where(block));
    if (part === undefined) lose(where(block));
    return part === undefined ? [] : [part];
  });
}

/** One part, or `undefined` for a block that this side of the conversation cannot say. */
export function encodePart(block: Block, plain: Plain, where = ""): Obj | undefined {
  if (block.type === "text") return encodeText(block, plain);
  if (block.type === "refusal") return { type: "refusal", refusal: block.text, ...ownOf(block) };
  if (block.type === "opaque") return block.protocol === "responses" ? obj(list(block.value.content)[0]) : undefined;
  if (plain === "output_text") return undefined;
  switch (block.type) {
    case "image":
      return defined({ type: "input_image", ...imageSource(block, where), detail: block.detail, ...ownOf(block) });
    case "file":
      return defined({ type: "input_file", filename: block.name, ...fileSource(block, where), ...ownOf(block) });
    case "audio": {
      const { input_audio, ...others } = ownOf(block);
      return { type: "input_audio", input_audio: { ...sound(block.source, where), ...obj(input_audio) }, ...others };
    }
    default:
      return undefined;
  }
}

function encodeText(block: Text, plain: Plain): Obj {
  const { annotations: foreign, ...own } = ownOf(block);
  const spoken = (text(own.type) ?? plain) === "output_text";
  const cited = (block.annotations ?? []).map((annotation) => encodeAnnotation(annotation, block.text.length));
  const annotations = [...cited, ...list(foreign)];
  return defined({ type: plain, text: block.text, annotations: spoken ? annotations : undefined, ...own });
}

function imageSource({ source }: Image, where: string): Obj {
  switch (source.type) {
    case "data":
      return { image_url: `data:${source.mediaType};base64,${source.data}` };
    case "url":
      return { image_url: source.url };
    case "id":
      return { file_id: fileId(source, where) };
  }
}

function fileSource({ source }: File, where: string): Obj {
  switch (source.type) {
    case "data":
      return { file_data: `data:${source.mediaType};base64,${source.data}` };
    case "url":
      return { file_url: source.url };
    case "id":
      return { file_id: fileId(source, where) };
  }
}

/** Chat Completions and Responses name the same store of files; the others' ids mean nothing to it. */
function fileId(source: { protocol: string; id: string }, where: string): string {
  if (source.protocol === "responses" || source.protocol === "chat") return source.id;
  throw unsupported(at(where, "source"), "names a file that is kept by another provider.");
}

function sound(source: { type: string; mediaType?: string; data?: string }, where: string): Obj {
  const format = /^audio\/(?:x-|vnd\.)?(wav|wave|mp3|mpeg)\b/.exec(source.mediaType ?? "")?.[1];
  if (source.data === undefined || format === undefined) {
    throw unsupported(at(where, "source"), "is no audio that the Responses API takes: only wav and mp3 as data.");
  }
  return { data: source.data, format: format.startsWith("w") ? "wav" : "mp3" };
}

/** An `ext` with nothing in it says: this came from us, as a part of its own. */
export const plainPart: Ext = { responses: {} };
