/** Data URLs and bare base64 as sources of canon, exact enough to be printed again as they came. */
import type { Source } from "../../canon/request.ts";

const mark = ";base64,";

/** What an image's URL says: its data where it holds them, else the URL as it is. */
export function sourceUrl(url: string): Source {
  if (!url.startsWith("data:")) return { type: "url", url };
  const split = url.indexOf(mark);
  return split < 0
    ? { type: "url", url }
    : { type: "data", mediaType: url.slice("data:".length, split), data: url.slice(split + mark.length) };
}

/** A file's data: a data URL, or base64 alone, which some send and which then has to say itself what it is. */
export function dataOf(value: string): Source {
  if (value.startsWith("data:")) return sourceUrl(value);
  const mediaType = value.startsWith(pdf) ? "application/pdf" : "application/octet-stream";
  return { type: "data", mediaType, data: value };
}

/** `%PDF-` in base64. */
const pdf = "JVBERi";
