/**
 * How many tokens a request may be, told from its bytes before any provider has counted it. Fitted to recorded traffic,
 * with room to spare: a test holds it against every recording. Pure.
 */
import { isObj, type Json, list, type Obj, text } from "../canon/json.ts";
import type { ProtocolId } from "../canon/request.ts";
import { modelFacts } from "./catalog.ts";
import { hostedNeed } from "./hosted.ts";

export interface Sized {
  readonly protocol: ProtocolId;
  readonly body: Obj;
  /** Of the body as it came. */
  readonly bytes: number;
}

/** The most tokens of input that this call may be counted at by this model; never more than its context, where known. */
export function inputBound(sized: Sized, provider: string, model: string): number {
  return Math.min(contextOf(model), longestInput(sized, provider, model));
}

/** The same for an input that may be too long for the model. What the request does not show is as long as can be read. */
export function longestInput({ protocol, body, bytes }: Sized, provider: string, model: string): number {
  const media = survey(body);
  const hosted = hostedNeed(provider, protocol, body);
  const { base, perByte } = family(model);
  const words = base + Math.max(0, bytes - media.bytes) * perByte + (hosted?.tokens ?? 0);
  const shown = media.pictures * pictureTokens + media.sounds * soundTokens + media.soundBytes / bytesPerSoundToken;
  const isHidden = media.isElsewhere || hosted === undefined || runsItself.test(model);
  return Math.max(isHidden ? contextOf(model) : 0, Math.ceil(words + shown));
}

/** What such a request comes to mostly, for rates, which are put right when the call has ended. */
export function inputEstimate({ body, bytes }: Pick<Sized, "body" | "bytes">): number {
  const media = survey(body);
  return Math.ceil(Math.max(0, bytes - media.bytes) / 4) + (media.pictures + media.sounds) * 1000;
}

/** Tokens of a model of which nothing is known; the longest contexts there are. */
const usualContext = 2_000_000;

/** Sonnet 4 and 4.5 read five times their context where a beta header asks for it, at a price of its own. */
const isStretched = /claude-(?:sonnet-4(?![.-][67])|4-sonnet)/;

function contextOf(model: string): number {
  const { context = usualContext } = modelFacts(model);
  return isStretched.test(model) ? Math.max(context, 1_000_000) : context;
}

/** No vendor counts a picture at more, in the sizes that it does not ask for by name. */
const pictureTokens = 5_000;
const soundTokens = 1_000;
/** A second is 10 to 290 tokens, and seldom less than 3 KB of base64. */
const bytesPerSoundToken = 10;

/** Groq's agents search and read by themselves, untold. */
const runsItself = /(?:^|\/)compound/;

/**
 * Tokens that a request has before its first word (instructions for tools that the caller does not see), and those that a
 * byte of JSON is at most: 0.31 was the most in recorded bodies over 2 KB. Claude's tokenizer makes more of the same text.
 */
function family(model: string): { base: number; perByte: number } {
  if (/claude/.test(model)) return { base: 1024, perByte: 0.75 };
  if (/(?:^|[./])(?:gpt-|o\d|gemini)/.test(model)) return { base: 512, perByte: 0.6 };
  return { base: 1024, perByte: 1 };
}

interface Media {
  /** Of the base64 text, which is no words. */
  readonly bytes: number;
  readonly pictures: number;
  /** And films. */
  readonly sounds: number;
  readonly soundBytes: number;
  /** Is there something whose size the request does not tell: stored history, a file, a document of some pages? */
  readonly isElsewhere: boolean;
}

/** Asked for the bound at each target and for the estimate: a body is walked through once. */
const surveyed = new WeakMap<Obj, Media>();

function survey(body: Obj): Media {
  const known = surveyed.get(body) ?? surveyOf(body);
  surveyed.set(body, known);
  return known;
}

function surveyOf(body: Obj): Media {
  const found = { bytes: 0, pictures: 0, sounds: 0, soundBytes: 0, isElsewhere: false };
  const note = (type: string, bytes: number): void => {
    found.bytes += bytes;
    if (type.startsWith("image")) found.pictures++;
    else if (/^(?:audio|video)/.test(type)) {
      found.sounds++;
      found.soundBytes += bytes;
    } else found.isElsewhere = true;
  };
  const walk = (value: Json | undefined): void => {
    if (typeof value === "string") {
      const type = value.startsWith("data:") ? /^data:([^;,]*)[^,]*,/.exec(value.slice(0, 200))?.[1] : undefined;
      if (type !== undefined) note(type, value.length);
    } else if (isObj(value)) {
      for (const [type, bytes] of ownMedia(value)) note(type, bytes);
      found.isElsewhere ||= isElsewhere(value);
      for (const each of Object.values(value)) walk(each);
    } else for (const each of list(value)) walk(each);
  };
  walk(body);
  return found;
}

/** What an object of each protocol says it holds: its type, and the length of its base64 text (0 where it is a URL). */
function ownMedia(value: Obj): readonly (readonly [type: string, bytes: number])[] {
  const type = text(value.media_type) ?? text(value.mimeType) ?? text(value.mime_type);
  const data = text(value.data);
  if (data !== undefined && type !== undefined) return type.startsWith("text/") ? [] : [[type, data.length]];
  if (data !== undefined && typeof value.format === "string") return [["audio", data.length]];
  if (value.type === "image_generation_call") return [["image", text(value.result)?.length ?? 0]];
  return isPictureAt(value) ? [["image", 0]] : [];
}

/** A picture by URL has a size like any other. */
function isPictureAt({ type, url, image_url, source }: Obj): boolean {
  if (type === "image" && isObj(source)) return source.type === "url";
  if (typeof image_url === "string") return image_url.startsWith("http");
  return isObj(image_url)
    ? text(image_url.url)?.startsWith("http") === true
    : type === "image_url" && url !== undefined;
}

const elsewhere = [
  "file_id",
  "file_url",
  "fileUri",
  "file_uri",
  "previous_response_id",
  "cachedContent",
  "cached_content",
];

function isElsewhere(value: Obj): boolean {
  if (value.type === "item_reference" || value.type === "container_upload") return true;
  if (value.type === "document" && isObj(value.source))
    return value.source.type === "url" || value.source.type === "file";
  if (isObj(value.prompt) && typeof value.prompt.id === "string") return true;
  return elsewhere.some((member) => typeof value[member] === "string") || isNamed(value.conversation);
}

function isNamed(conversation: Json | undefined): boolean {
  return typeof conversation === "string" || (isObj(conversation) && typeof conversation.id === "string");
}
