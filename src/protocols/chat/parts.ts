/**
 * Content of messages: a text, or a list of parts. A block that came as a part says so with `ext.chat`, empty where
 * nothing else is in it: so a list of one text stays a list.
 */
import { defined, isObj, type Json, type Obj, obj } from "../../canon/json.ts";
import type { Audio, Block, CacheMark, Ext, File, Image, Source } from "../../canon/request.ts";
import { invalid, unsupported } from "../../fault.ts";
import { leftover, merge, readList, readObj, readText, required, type Shape } from "./members.ts";

const shapes = {
  text: { type: true, text: true },
  refusal: { type: true, refusal: true },
  image_url: { type: true, image_url: { url: true, detail: true } },
  input_audio: { type: true, input_audio: { data: true, format: true } },
  file: { type: true, file: { file_data: true, file_id: true, filename: true } },
} as const satisfies Record<string, Shape>;

/** The blocks of a message's content. An empty list says the same as an empty text. */
export function decodeContent(content: Json | undefined, path: string): Block[] {
  if (content === undefined || content === null) return [];
  if (typeof content === "string") return [{ type: "text", text: content }];
  const parts = required(readList(content, path), path);
  if (parts.length === 0) return [{ type: "text", text: "" }];
  return parts.map((part, at) => decodePart(part, `${path}[${at}]`));
}

function decodePart(value: Json, path: string): Block {
  const part = required(readObj(value, path), path);
  switch (part.type) {
    case "text":
      return {
        type: "text",
        text: required(readText(part.text, `${path}.text`), `${path}.text`),
        ...common(part, shapes.text),
      };
    case "refusal": {
      const text = required(readText(part.refusal, `${path}.refusal`), `${path}.refusal`);
      return { type: "refusal", text, ...common(part, shapes.refusal) };
    }
    case "image_url":
      return decodeImage(part, `${path}.image_url`);
    case "input_audio":
      return decodeAudio(part, `${path}.input_audio`);
    case "file":
      return decodeFile(part, `${path}.file`);
    default:
      required(readText(part.type, `${path}.type`), `${path}.type`);
      return { type: "opaque", protocol: "chat", value: part };
  }
}

function common(part: Obj, shape: Shape): { ext: Ext; cache?: CacheMark } {
  return defined({ cache: cacheMark(part), ext: { chat: leftover(part, shape) ?? {} } });
}

/** OpenAI's breakpoint, or Anthropic's mark as OpenRouter and others take it on Chat. */
export function cacheMark(value: Obj): CacheMark | undefined {
  const { ttl } = obj(value.cache_control);
  if (isObj(value.cache_control)) return ttl === "5m" || ttl === "1h" ? { ttl } : {};
  return isObj(value.prompt_cache_breakpoint) ? {} : undefined;
}

function decodeImage(part: Obj, path: string): Image {
  const image = typeof part.image_url === "string" ? { url: part.image_url } : readObj(part.image_url, path);
  const url = required(readText(required(image, path).url, `${path}.url`), `${path}.url`);
  const detail = readText(obj(image).detail, `${path}.detail`);
  return defined({
    type: "image" as const,
    source: dataSource(url) ?? { type: "url", url },
    detail,
    ...common(part, shapes.image_url),
  });
}

function decodeAudio(part: Obj, path: string): Audio {
  const audio = required(readObj(part.input_audio, path), path);
  const data = required(readText(audio.data, `${path}.data`), `${path}.data`);
  const format = required(readText(audio.format, `${path}.format`), `${path}.format`);
  const mediaType = `audio/${format === "mp3" ? "mpeg" : format}`;
  return { type: "audio", source: { type: "data", mediaType, data }, ...common(part, shapes.input_audio) };
}

function decodeFile(part: Obj, path: string): File {
  const file = required(readObj(part.file, path), path);
  const id = readText(file.file_id, `${path}.file_id`);
  const data = readText(file.file_data, `${path}.file_data`);
  const name = readText(file.filename, `${path}.filename`);
  if (id !== undefined && data !== undefined) throw invalid(path, "it has both file_id and file_data.");
  const source = id === undefined ? fileSource(required(data, `${path}.file_data`), path) : idSource(id);
  return defined({ type: "file" as const, source, name, ...common(part, shapes.file) });
}

function idSource(id: string): Source {
  return { type: "id", protocol: "chat", id };
}

/** OpenRouter takes a public URL where OpenAI takes data. */
function fileSource(data: string, path: string): Source {
  const source = /^https?:\/\//i.test(data.slice(0, 8)) ? { type: "url" as const, url: data } : dataSource(data);
  if (source === undefined) throw invalid(`${path}.file_data`, "it must be a data URL in base64.");
  return source;
}

/** What a data URL in base64 holds. Images are megabytes: so no expression runs over the whole. */
function dataSource(url: string): Source | undefined {
  const comma = url.slice(0, 5).toLowerCase() === "data:" ? url.indexOf(",") : -1;
  const head = url.slice(5, Math.max(5, comma));
  if (comma < 0 || !head.toLowerCase().endsWith(";base64")) return undefined;
  return { type: "data", mediaType: head.slice(0, -7), data: url.slice(comma + 1) };
}

/** Did the block come as a part of a Chat message? */
export function wasPart(block: Block): boolean {
  return block.type === "opaque" ? block.protocol === "chat" : block.ext?.chat !== undefined;
}

/** The block as a part; `undefined` for a block that is none (reasoning, calls). `place` names it in a fault. */
export function encodePart(block: Block, place: string): Obj | undefined {
  switch (block.type) {
    case "text":
      return merge({ type: "text", text: block.text }, block.ext?.chat);
    case "refusal":
      return merge({ type: "refusal", refusal: block.text }, block.ext?.chat);
    case "image": {
      const url = urlOf(block.source, place);
      return merge({ type: "image_url", image_url: defined({ url, detail: block.detail }) }, block.ext?.chat);
    }
    case "audio":
      return merge({ type: "input_audio", input_audio: encodeAudio(block.source, place) }, block.ext?.chat);
    case "file":
      return merge({ type: "file", file: encodeFile(block, place) }, block.ext?.chat);
    case "opaque":
      return block.protocol === "chat" ? block.value : undefined;
    case "reasoning":
    case "call":
    case "result":
    case "tools":
    case "search":
      return undefined;
  }
}

function urlOf(source: Source, place: string): string {
  switch (source.type) {
    case "data":
      return `data:${source.mediaType};base64,${source.data}`;
    case "url":
      return source.url;
    case "id":
      throw unsupported(place, "is an image kept by another provider, which Chat Completions cannot name.");
  }
}

function encodeAudio(source: Source, place: string): Obj {
  if (source.type !== "data") throw unsupported(place, "is audio that is not in the request itself.");
  const kind = source.mediaType.replace(/^audio\/(x-)?/, "");
  return { data: source.data, format: kind === "mpeg" ? "mp3" : kind };
}

function encodeFile(file: File, place: string): Obj {
  const { source, name } = file;
  if (source.type === "id") {
    if (source.protocol !== "chat") throw unsupported(place, "is a file kept by another provider.");
    return defined({ file_id: source.id, filename: name });
  }
  if (source.type === "url") {
    if (!wasPart(file)) throw unsupported(place, "is a file by URL, which Chat Completions cannot fetch.");
    return defined({ filename: name, file_data: source.url });
  }
  // OpenAI refuses data without a name; other protocols need none.
  const filename = name ?? (wasPart(file) ? undefined : source.mediaType === "application/pdf" ? "file.pdf" : "file");
  return defined({ filename, file_data: urlOf(source, place) });
}
