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

/**
 * `before`: how much of the message's content stands in front of the annotated text; `length`: of that text. What is cited
 * for no place in it (Anthropic, Gemini) is cited for all of it.
 */
export function encodeAnnotations(annotations: readonly Annotation[], before: number, length: number): Obj[] {
  return annotations.map(({ url, title = "", start = 0, end = length, ext }) => {
    const url_citation = { url, title, start_index: before + start, end_index: before + end };
    return merge({ type: "url_citation", url_citation }, ext?.chat);
  });
}
