/** Sources of an answer: Gemini's `groundingMetadata` (places in bytes of UTF-8) and canon's annotations (in UTF-16). */
import { defined, list, number, type Obj, obj, text } from "../../canon/json.ts";
import type { Annotation } from "../../canon/request.ts";

/** One source and the place it is cited for. */
export interface Support {
  readonly annotation: Annotation;
  /** In bytes; `undefined` where the whole answer is meant. */
  readonly start: number | undefined;
  readonly end: number | undefined;
  /** The text at that place, as Google says it. */
  readonly cited: string | undefined;
}

export function readSupports(metadata: Obj): Support[] {
  const sources = list(metadata.groundingChunks).map((chunk) => {
    const { web, retrievedContext } = obj(chunk);
    return obj(web ?? retrievedContext);
  });
  const supports = list(metadata.groundingSupports).flatMap((support): Support[] => {
    const { segment, groundingChunkIndices } = obj(support);
    return list(groundingChunkIndices).flatMap((index) => cite(sources[number(index) ?? -1], obj(segment)));
  });
  return supports.length > 0 ? supports : sources.flatMap((source) => cite(source, {}));
}

function cite(source: Obj | undefined, segment: Obj): Support[] {
  const url = text(source?.uri);
  if (url === undefined) return [];
  const end = number(segment.endIndex);
  return [
    {
      annotation: defined({ type: "url" as const, url, title: text(source?.title) }),
      start: end === undefined ? undefined : (number(segment.startIndex) ?? 0),
      end,
      cited: text(segment.text),
    },
  ];
}

/**
 * The annotations for a text, and the supports that are of another. Google's places count from the part they are in,
 * which we may have joined to others: where the text at a place is not the one cited, that is looked for.
 */
export function annotate(supports: readonly Support[], whole: string, isLast: boolean) {
  const bytes = new TextEncoder().encode(whole);
  const annotations: Annotation[] = [];
  const others: Support[] = [];
  for (const support of supports) {
    const span = find(support, whole, bytes);
    if (span !== undefined) annotations.push({ ...support.annotation, ...span });
    else if (isLast || support.end === undefined) annotations.push(support.annotation);
    else others.push(support);
  }
  return { annotations, others };
}

function find({ start, end, cited }: Support, whole: string, bytes: Uint8Array) {
  if (start === undefined || end === undefined) return undefined;
  if (start <= end && end <= bytes.length) {
    const decoder = new TextDecoder();
    const from = decoder.decode(bytes.subarray(0, start)).length;
    const there = decoder.decode(bytes.subarray(start, end));
    if (cited === undefined || there === cited) return { start: from, end: from + there.length };
  }
  const found = cited === undefined || cited === "" ? -1 : whole.indexOf(cited);
  return found < 0 || cited === undefined ? undefined : { start: found, end: found + cited.length };
}

/** A text with its annotations, and which part of the answer it is. */
export interface Cited {
  readonly text: string;
  readonly annotations: readonly Annotation[];
  readonly part: number;
}

/** `undefined` when nothing is cited. */
export function encodeGrounding(texts: readonly Cited[]): Obj | undefined {
  const chunks: Obj[] = [];
  const supports: Obj[] = [];
  for (const { text: whole, annotations, part } of texts) {
    for (const annotation of annotations) {
      const known = chunks.findIndex(
        ({ web }) => obj(web).uri === annotation.url && obj(web).title === annotation.title,
      );
      const index = known < 0 ? chunks.length : known;
      if (known < 0) chunks.push({ web: defined({ uri: annotation.url, title: annotation.title }) });
      supports.push(defined({ segment: segment(annotation, whole, part), groundingChunkIndices: [index] }));
    }
  }
  return supports.length > 0 ? { groundingChunks: chunks, groundingSupports: supports } : undefined;
}

function segment({ start, end }: Annotation, whole: string, part: number): Obj | undefined {
  if (start === undefined || end === undefined) return undefined;
  const size = (upTo: number) => new TextEncoder().encode(whole.slice(0, upTo)).length;
  return {
    ...(part > 0 && { partIndex: part }),
    startIndex: size(start),
    endIndex: size(end),
    text: whole.slice(start, end),
  };
}
