/** Token counts as Chat servers write them. */
import { defined, isObj, list, type Obj, obj } from "../../canon/json.ts";
import { count, fold, reportedCost, some, total, type Usage } from "../../canon/usage.ts";

/** What the usage in this answer or chunk, wherever the server put it, adds to what was known. */
export function readUsage(body: Obj, was: Usage): Usage {
  // Groq: x_groq.usage; Moonshot: on the last choice.
  const places = [body.usage, obj(body.x_groq).usage, obj(list(body.choices)[0]).usage];
  const usage = places.find(isObj);
  return usage === undefined ? was : fold(was, canonical(usage));
}

function canonical(usage: Obj): Usage {
  const read = obj(usage.prompt_tokens_details);
  const written = obj(usage.completion_tokens_details);
  const reasoning = count(written.reasoning_tokens);
  const cached = count(read.cached_tokens) ?? count(usage.cached_tokens) ?? count(usage.prompt_cache_hit_tokens);
  const said = {
    input: count(usage.prompt_tokens),
    output: count(usage.completion_tokens),
    total: count(usage.total_tokens),
  };
  const { input, output } = whole(said, cached, reasoning);
  const cacheRead = atMost(cached, input);
  const cacheWrite = atMost(count(read.cache_write_tokens), input === undefined ? input : input - (cacheRead ?? 0));
  const searches = count(obj(usage.server_tool_use).web_search_requests);
  return defined({
    ...{ input, cacheRead, cacheWrite, output, reasoning, searches },
    inputAudio: atMost(some(read.audio_tokens), input),
    outputAudio: atMost(some(written.audio_tokens), output),
    outputImage: atMost(some(written.image_tokens), output),
    reportedCost: reportedCost(usage),
  });
}

interface Said {
  readonly input: number | undefined;
  readonly output: number | undefined;
  readonly total: number | undefined;
}

/**
 * Input and output with what some servers count beside them: xAI its reasoning, Gemini's Chat endpoint its thoughts
 * (without naming them), others what was read from a cache. Their own total shows it.
 */
function whole({ input, output, total }: Said, cached = 0, reasoning = 0): Omit<Said, "total"> {
  if (input === undefined || output === undefined) return { input, output };
  const beside = Math.max(0, (total ?? 0) - input - output);
  if (beside > 0 && cached > input && beside === cached) return { input: input + cached, output };
  // Reasoning is a part of the output: where it is more than that, it was not counted in.
  return { input, output: output + (beside === 0 && reasoning > output ? reasoning : beside) };
}

function atMost(value: number | undefined, limit: number | undefined): number | undefined {
  return value === undefined || limit === undefined ? value : Math.min(value, limit);
}

/** The counts as OpenAI writes them; `undefined` while nothing is known. */
export function writeUsage(usage: Usage): Obj | undefined {
  const { input, output, cacheRead, cacheWrite, reasoning, reportedCost: cost } = usage;
  if (input === undefined && output === undefined) return undefined;
  const { inputAudio, outputAudio, outputImage } = usage;
  const read = { cached_tokens: cacheRead, cache_write_tokens: cacheWrite };
  const written = { reasoning_tokens: reasoning };
  return defined({
    prompt_tokens: input,
    completion_tokens: output,
    total_tokens: total(usage),
    prompt_tokens_details: known({ ...read, audio_tokens: inputAudio }),
    completion_tokens_details: known({ ...written, audio_tokens: outputAudio, image_tokens: outputImage }),
    cost: cost === undefined ? undefined : cost / 1e9,
  });
}

function known(details: Obj): Obj | undefined {
  const told = defined(details);
  return Object.keys(told).length > 0 ? told : undefined;
}
