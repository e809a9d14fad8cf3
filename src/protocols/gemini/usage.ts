/** Token counts: Gemini keeps thoughts beside the candidates, and what its own tools read beside the prompt. */
import { defined, list, type Obj, obj, text } from "../../canon/json.ts";
import { count, fold, some, type Usage } from "../../canon/usage.ts";

/** Folds the usage of a body or chunk over what was known: each chunk counts from the start, the last one is right. */
export function usage(body: Obj, was: Usage): Usage {
  const wire = obj(body.usageMetadata ?? obj(body.response).usageMetadata);
  const prompt = count(wire.promptTokenCount);
  const input = prompt === undefined ? undefined : prompt + (count(wire.toolUsePromptTokenCount) ?? 0);
  const thoughts = count(wire.thoughtsTokenCount);
  const output = outputOf(wire, input, was) ?? restOf(body, wire, input, was);
  const cacheRead = count(wire.cachedContentTokenCount);
  return fold(was, defined({ input, cacheRead, output, reasoning: thoughts, ...mediaOf(wire) }));
}

/** The parts that have prices of their own. */
function mediaOf(wire: Obj): Usage {
  const prompt = [...list(wire.promptTokensDetails), ...list(wire.toolUsePromptTokensDetails)].map(obj);
  const cached = list(wire.cacheTokensDetails).map(obj);
  const answer = list(wire.candidatesTokensDetails).map(obj);
  return defined({
    inputAudio: tokensOf(prompt, "AUDIO"),
    cacheReadAudio: tokensOf(cached, "AUDIO"),
    outputAudio: tokensOf(answer, "AUDIO"),
    outputImage: tokensOf(answer, "IMAGE"),
  });
}

function tokensOf(details: readonly Obj[], modality: string): number | undefined {
  const counts = details
    .filter((each) => text(each.modality) === modality)
    .map(({ tokenCount }) => count(tokenCount) ?? 0);
  return some(counts.reduce((sum, each) => sum + each, 0));
}

/**
 * Answer and thoughts. A chunk may leave one of them out that an earlier one had: its total then says whether it is
 * still meant (the last chunk after a search has been seen to count the thoughts of its last step only).
 */
function outputOf(wire: Obj, input: number | undefined, was: Usage): number | undefined {
  const candidates = count(wire.candidatesTokenCount);
  const thoughts = count(wire.thoughtsTokenCount);
  if (candidates === undefined && thoughts === undefined) return undefined;
  const told = (candidates ?? 0) + (thoughts ?? 0);
  const before = candidates === undefined ? (was.output ?? 0) - (was.reasoning ?? 0) : (was.reasoning ?? 0);
  if (candidates !== undefined && (thoughts !== undefined || before <= 0)) return told;
  const total = count(wire.totalTokenCount);
  return total === undefined || input === undefined ? told + Math.max(0, before) : Math.max(told, total - input);
}

/**
 * What the total leaves for the answer where nothing else tells: zero, mostly, which is left out. Not in a chunk amid the
 * answer, which may have counted nothing yet: a stream that breaks off there would be free.
 */
function restOf(body: Obj, wire: Obj, input: number | undefined, was: Usage): number | undefined {
  const total = count(wire.totalTokenCount);
  const goesOn = list(body.candidates).some((candidate) => obj(candidate).finishReason === undefined);
  if (total === undefined || input === undefined || goesOn) return undefined;
  return Math.max(was.output ?? 0, total - input);
}

/** The members that are known, in Gemini's order; of the details, only what canon keeps apart. */
export function encodeUsage({ input, cacheRead, output, reasoning, ...media }: Usage): Obj {
  return defined({
    promptTokenCount: input,
    cachedContentTokenCount: cacheRead,
    candidatesTokenCount: output === undefined ? undefined : Math.max(0, output - (reasoning ?? 0)),
    thoughtsTokenCount: reasoning,
    totalTokenCount: input === undefined || output === undefined ? undefined : input + output,
    promptTokensDetails: detailsOf({ AUDIO: media.inputAudio }),
    cacheTokensDetails: detailsOf({ AUDIO: media.cacheReadAudio }),
    candidatesTokensDetails: detailsOf({ AUDIO: media.outputAudio, IMAGE: media.outputImage }),
  });
}

function detailsOf(counts: Readonly<Record<string, number | undefined>>): Obj[] | undefined {
  const known = Object.entries(counts).flatMap(([modality, tokenCount]) =>
    tokenCount === undefined ? [] : [{ modality, tokenCount }],
  );
  return known.length > 0 ? known : undefined;
}
