/** Citations of an answer's text. */
import { defined, type Json, list, number, type Obj, obj, text } from "../../canon/json.ts";
import type { Annotation } from "../../canon/request.ts";
import { leftover, merge } from "./members.ts";

const shape = {
  type: true,
  url_citation: { url: true, title: true, start_index: true, end_index: true },
} as const;

/** Those that cite a URL; OpenRouter's about files say nothing of the text. */
export function decodeAnnotations(value: Json | undefined): Annotation[] {
  return list(value).flatMap((entry): Annotation[] => {
    const citation = obj(obj(entry).url_citation);
    const url = text(citation.url);
    if (url === undefined) return [];
    const left = leftover(obj(entry), shape);
    const [title, start, end] = [text(citation.title), number(citation.start_index), number(citation.end_index)];
    return [defined({ type: "url" as const, url, title, start, end, ext: left && { chat: left } })];
  });
}

/** `before`: how much of the message's content stands in front of the annotated text. */
export function encodeAnnotations(annotations: readonly Annotation[], before: number): Obj[] {
  return annotations.map(({ url, title, start, end, ext }) => {
    const [start_index, end_index] = [start, end].map((at) => (at === undefined ? undefined : at + before));
    const url_citation = defined({ url, title, start_index, end_index });
    return merge({ type: "url_citation", url_citation }, ext?.chat);
  });
}
