/** Images and documents: where their bytes are, in Anthropic's words and in canon's. */
import { defined, type Obj, obj, text } from "../../canon/json.ts";
import type { File, Image, Source } from "../../canon/request.ts";
import { unsupported } from "../../fault.ts";
import { check, extra, type Shape } from "./members.ts";

/** A source in canon's shape, and what of it only Anthropic understands. */
interface Decoded {
  readonly source: Source;
  readonly own?: Obj | undefined;
}

const imageTypes = new Set(["image/jpeg", "image/png", "image/gif", "image/webp"]);

const shapes = {
  base64: { media_type: "string", data: "string" },
  text: { data: "string", media_type: "string?" },
  url: { url: "string" },
  file: { file_id: "string" },
} as const satisfies Record<string, Shape>;

/** Throws a fault for an image or document source that lacks what its type needs. */
export function checkSource(source: Obj, path: string): void {
  const type = text(source.type);
  if (type === "base64" || type === "text" || type === "url" || type === "file") check(source, shapes[type], path);
}

/** `undefined` for a source that canon cannot say: the block that has it stays opaque. */
export function decodeSource(source: Obj): Decoded | undefined {
  const own = extra(source, known);
  switch (source.type) {
    case "base64":
      return { source: { type: "data", mediaType: text(source.media_type) ?? "", data: text(source.data) ?? "" }, own };
    case "text":
      return { source: plain(text(source.data) ?? ""), own };
    case "content":
      // A list of blocks has cuts that citations refer to: only a text is the same as a text document.
      if (typeof source.content !== "string") return undefined;
      return { source: plain(source.content), own: { ...own, type: "content" } };
    case "url":
      return { source: { type: "url", url: text(source.url) ?? "" }, own };
    case "file":
      return { source: { type: "id", protocol: "messages", id: text(source.file_id) ?? "" }, own };
    default:
      return undefined;
  }
}

const known: ReadonlySet<string> = new Set(["type", "media_type", "data", "url", "file_id", "content"]);

/** The source of an image; types that Anthropic does not show to its models are refused. */
export function encodeImage({ source, ext }: Image, path: string): Obj {
  const own = obj(ext?.messages?.source);
  if (source.type !== "data") return { ...reference(source, path), ...own };
  const mediaType = essence(source.mediaType);
  if (!imageTypes.has(mediaType)) {
    throw unsupported(path, `is of type '${source.mediaType}': Anthropic takes JPEG, PNG, GIF and WebP images.`);
  }
  return { type: "base64", media_type: mediaType, data: source.data, ...own };
}

/** The source of a document: a PDF, or any text as plain text. */
export function encodeDocument({ source, ext }: File, path: string): Obj {
  const own = obj(ext?.messages?.source);
  if (source.type === "id") return { ...reference(source, path), ...own };
  const mediaType = essence(source.mediaType ?? "application/pdf");
  if (mediaType === "application/pdf") {
    return source.type === "data"
      ? { type: "base64", media_type: mediaType, data: source.data, ...own }
      : { ...reference(source, path), ...own };
  }
  if (source.type !== "data" || !isText(mediaType)) {
    throw unsupported(path, `is of type '${mediaType}': Anthropic takes PDF and text documents.`);
  }
  const data = decodeText(source.data);
  return own.type === "content"
    ? { ...own, content: data }
    : { type: "text", media_type: "text/plain", data, ...defined(own) };
}

function reference(source: Exclude<Source, { type: "data" }>, path: string): Obj {
  if (source.type === "url") return { type: "url", url: source.url };
  if (source.protocol === "messages") return { type: "file", file_id: source.id };
  throw unsupported(path, "names a file that is kept by another provider.");
}

function essence(mediaType: string): string {
  return (mediaType.split(";")[0] ?? "").trim().toLowerCase();
}

function isText(mediaType: string): boolean {
  return mediaType.startsWith("text/") || /^application\/(json|xml|yaml|javascript|.*\+(json|xml))$/.test(mediaType);
}

function plain(content: string): Source {
  return { type: "data", mediaType: "text/plain", data: encodeText(content) };
}

/** Base64 of the UTF-8 bytes; in slices, because an argument list has a limit. */
function encodeText(content: string): string {
  const bytes = new TextEncoder().encode(content);
  let binary = "";
  for (let start = 0; start < bytes.length; start += 8192) {
    binary += String.fromCharCode(...bytes.subarray(start, start + 8192));
  }
  return btoa(binary);
}

function decodeText(data: string): string {
  return new TextDecoder("utf-8", { ignoreBOM: true, fatal: false }).decode(
    Uint8Array.from(binaryOf(data), (unit) => unit.charCodeAt(0)),
  );
}

function binaryOf(data: string): string {
  try {
    return atob(data);
  } catch {
    throw unsupported("file_data", "is not valid base64.");
  }
}
