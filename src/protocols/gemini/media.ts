/** Images, files and audio: `inlineData` (bytes) and `fileData` (an address) as blocks, and back. */
import { defined, isObj, type Obj, text } from "../../canon/json.ts";
import type { Audio, Block, File, Image, Source } from "../../canon/request.ts";
import { unsupported } from "../../fault.ts";
import { ext, under } from "./extras.ts";
import { remainder, spell } from "./fields.ts";
import { maybeText, needObj, needText } from "./members.ts";

type Media = Image | File | Audio;

const images = new Set(["image/png", "image/jpeg", "image/webp", "image/heic", "image/heif"]);

/** The block in a part's `inlineData` or `fileData`; `undefined` for a kind that canon has no word for (video). */
export function decodeMedia(part: Obj, at: string): Media | undefined {
  return part.inlineData === undefined ? decodeFileData(part, at) : decodeInlineData(part, at);
}

function decodeInlineData(part: Obj, at: string): Media | undefined {
  const blob = spell(needObj(part.inlineData, `${at}.inlineData`), "inlineData");
  const mediaType = needText(blob.mimeType, `${at}.inlineData.mimeType`);
  const data = needText(blob.data, `${at}.inlineData.data`);
  const { inlineData: _, ...others } = part;
  const extra = { ...others, ...under("inlineData", remainder(blob, "inlineData")) };
  return block({ type: "data", mediaType, data }, mediaType, extra);
}

function decodeFileData(part: Obj, at: string): Media | undefined {
  const file = spell(needObj(part.fileData, `${at}.fileData`), "fileData");
  const url = needText(file.fileUri, `${at}.fileData.fileUri`);
  const mediaType = maybeText(file.mimeType, `${at}.fileData.mimeType`);
  const { fileData: _, ...others } = part;
  const own = remainder(file, "fileData");
  if (google.test(url)) {
    const extra = { ...others, ...under("fileData", defined({ mimeType: mediaType, ...own })) };
    return kept(url, mediaType, extra);
  }
  return mediaType === undefined
    ? undefined
    : block({ type: "url", url, mediaType }, mediaType, { ...others, ...under("fileData", own) });
}

/** Where Google keeps files, which nobody else can fetch. */
const google = /^(gs:\/\/|https:\/\/generativelanguage\.googleapis\.com\/)/;

/** A file in Google's keeping is one whatever its type, so that no other provider is asked without it. */
function kept(id: string, mediaType: string | undefined, extra: Obj): Media {
  const type = mediaType === undefined ? undefined : mediaKind(mediaType);
  return { type: type ?? "file", source: { type: "id", protocol: "gemini", id }, ...ext(extra) };
}

function block(source: Source, mediaType: string, extra: Obj): Media | undefined {
  const type = mediaKind(mediaType);
  return type === undefined ? undefined : { type, source, ...ext(extra) };
}

function mediaKind(mediaType: string): Media["type"] | undefined {
  if (images.has(mediaType)) return "image";
  if (mediaType.startsWith("audio/")) return "audio";
  return mediaType === "application/pdf" || mediaType.startsWith("text/") ? "file" : undefined;
}

/** The payload member for a block; a fault for what Gemini does not take. `at` is the block's path in canon. */
export function encodeMedia(media: Media, at: string): Obj {
  const { source } = media;
  switch (source.type) {
    case "data":
      if (mediaKind(source.mediaType) !== media.type) {
        throw unsupported(at, `has a media type that Gemini does not take: ${source.mediaType}.`);
      }
      return { inlineData: { mimeType: source.mediaType, data: source.data } };
    case "url":
      if (!fetchable(source)) {
        throw unsupported(at, "is an address that Gemini does not fetch: send the bytes, or a Google Files URI.");
      }
      return { fileData: defined({ mimeType: source.mediaType, fileUri: source.url }) };
    case "id":
      // Its media type rides in `ext`.
      if (source.protocol === "gemini") return { fileData: { fileUri: source.id } };
      throw unsupported(at, "is a file kept by another provider.");
  }
}

/** Only a caller who wrote `fileData` names the media type of an address: what they wrote goes out again. */
function fetchable(source: Extract<Source, { type: "url" }>): boolean {
  return source.mediaType !== undefined || google.test(source.url);
}

/** Is it a block that stands for bytes? */
export function isMedia(value: Block): value is Media {
  return value.type === "image" || value.type === "file" || value.type === "audio";
}

/** The block of a generated image or sound; `undefined` for anything else. */
export function generated(part: Obj): Media | undefined {
  const { inlineData } = part;
  if (!isObj(inlineData)) return undefined;
  const { mimeType, data } = spell(inlineData, "inlineData");
  const mediaType = text(mimeType);
  const bytes = text(data);
  if (mediaType === undefined || bytes === undefined) return undefined;
  return block({ type: "data", mediaType, data: bytes }, mediaType, {});
}
