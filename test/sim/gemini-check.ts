// What Gemini refuses.

import { first } from "./check.ts";
import { isBase64, isObj, type Obj, obj, objects, str } from "./json.ts";
import type { Check, Problem } from "./wire.ts";

const members =
  "contents systemInstruction tools toolConfig safetySettings generationConfig cachedContent labels serviceTier store model continuationToken".split(
    " ",
  );

const generationMembers =
  "temperature topP topK candidateCount maxOutputTokens stopSequences seed presencePenalty frequencyPenalty responseMimeType responseSchema responseJsonSchema responseModalities responseLogprobs logprobs mediaResolution speechConfig imageConfig thinkingConfig enableEnhancedCivicAnswers".split(
    " ",
  );

const payloads =
  "text inlineData fileData functionCall functionResponse executableCode codeExecutionResult toolCall toolResponse".split(
    " ",
  );

/** The keywords of the OpenAPI subset that `parameters` and `responseSchema` may use. */
const schemaKeywords =
  "type format title description nullable enum maxItems minItems properties required minProperties maxProperties minLength maxLength pattern example anyOf propertyOrdering default items minimum maximum".split(
    " ",
  );

/** A member by its camelCase name; proto-JSON allows snake_case as well. */
export function member(value: Obj, name: string): unknown {
  return value[name] ?? value[name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)];
}

function unknownName(value: Obj, known: readonly string[], at: string): Problem | undefined {
  const camel = (key: string): string => key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
  const unknown = Object.keys(value).find((key) => !known.includes(camel(key)));
  if (unknown === undefined) return undefined;
  return {
    message: `Invalid JSON payload received. Unknown name "${unknown}"${at === "" ? "" : ` at '${at}'`}: Cannot find field.`,
  };
}

const auth: Check = ({ headers, query }) => {
  const key = headers["x-goog-api-key"] ?? query.get("key") ?? headers.authorization ?? "";
  return key === ""
    ? { status: 403, message: "Method doesn't allow unregistered callers (callers without established identity)." }
    : undefined;
};

const known: Check = ({ body, model }) =>
  model === "" ? { status: 404, message: "models/ is not found" } : unknownName(body, members, "");

const contents: Check = ({ body }) => {
  const list = objects(body.contents);
  if (list.length === 0) return { message: "* GenerateContentRequest.contents: contents is not specified" };
  return first(list, (content, index) => {
    if (content.role !== undefined && !["user", "model", "function"].includes(str(content.role))) {
      return { message: "Please use a valid role: user, model." };
    }
    const parts = objects(content.parts);
    if (parts.length === 0)
      return { message: `* GenerateContentRequest.contents[${index}].parts: contents.parts must not be empty.` };
    return first(parts, (part, place) => onePart(part, `contents[${index}].parts[${place}]`));
  });
};

function onePart(part: Obj, at: string): Problem | undefined {
  const wrong = unknownName(
    part,
    [...payloads, "thought", "thoughtSignature", "videoMetadata", "mediaResolution", "partMetadata"],
    at,
  );
  if (wrong !== undefined) return wrong;
  const given = payloads.filter((name) => member(part, name) !== undefined);
  const signed = member(part, "thoughtSignature") !== undefined;
  if (given.length > 1 || (given.length === 0 && !signed))
    return {
      message: `* GenerateContentRequest.${at}.data: required oneof field 'data' must have one initialized field`,
    };
  const signature = member(part, "thoughtSignature");
  if (signature !== undefined && !isBase64(str(signature))) {
    return {
      message: `Invalid value at '${at}.thought_signature' (TYPE_BYTES), Base64 decoding failed for "${str(signature)}"`,
    };
  }
  const payload = obj(member(part, given[0] ?? ""));
  switch (given[0]) {
    case "functionCall":
      return functionName(payload.name, at) ?? dictionary(payload.args ?? {}, `${at}.function_call.args`);
    case "functionResponse":
      return functionName(payload.name, at) ?? dictionary(payload.response, `${at}.function_response.response`);
    case "inlineData":
      if (!isBase64(str(payload.data)))
        return { message: `Invalid value at '${at}.inline_data.data' (TYPE_BYTES), Base64 decoding failed` };
      return str(member(payload, "mimeType")) === ""
        ? { message: `Unable to submit request because it must have a mimeType at ${at}.` }
        : undefined;
    default:
      return undefined;
  }
}

function functionName(name: unknown, at: string): Problem | undefined {
  if (/^[A-Za-z_][A-Za-z0-9_.:-]{0,127}$/.test(str(name))) return undefined;
  return {
    message: `* GenerateContentRequest.${at}: Invalid function name. Must start with a letter or an underscore. Must be alphanumeric (a-z, A-Z, 0-9), underscores (_), dots (.), colons (:), or dashes (-), with a maximum length of 128.`,
  };
}

function dictionary(value: unknown, at: string): Problem | undefined {
  return isObj(value)
    ? undefined
    : { message: `Invalid value at '${at}' (type.googleapis.com/google.protobuf.Struct)` };
}

/** The contents as turns: the model's side by side are one, as clients bring back what was streamed, and so are results. */
function turnsOf(body: Obj): Obj[] {
  const turns: Obj[] = [];
  for (const content of objects(body.contents)) {
    const last = turns.at(-1);
    const joins = last !== undefined && kindOf(last) !== "user" && kindOf(last) === kindOf(content);
    if (joins) turns[turns.length - 1] = { ...last, parts: [...objects(last.parts), ...objects(content.parts)] };
    else turns.push(content);
  }
  return turns;
}

function kindOf({ role, parts }: Obj): "model" | "results" | "user" {
  if (role === "model") return "model";
  return objects(parts).every((part) => member(part, "functionResponse") !== undefined) ? "results" : "user";
}

/** What comes after a turn with calls holds exactly as many responses, for the same functions. */
const pairs: Check = ({ body }) => {
  const list = turnsOf(body);
  const names = (content: Obj | undefined, kind: string): string[] =>
    objects(content?.parts).flatMap((part) =>
      member(part, kind) === undefined ? [] : [str(obj(member(part, kind)).name)],
    );
  return first(list, (content, index) => {
    const calls = names(content, "functionCall");
    const answers = names(list[index + 1], "functionResponse");
    const responses = names(content, "functionResponse");
    const asked = names(list[index - 1], "functionCall");
    if (calls.length > 0 && (content.role !== "model" || index === 0)) {
      return {
        message:
          "Please ensure that function call turn comes immediately after a user turn or after a function response turn.",
      };
    }
    if (
      calls.length === answers.length &&
      responses.length === asked.length &&
      calls.toSorted().join() === answers.toSorted().join()
    )
      return undefined;
    return {
      message:
        "Please ensure that the number of function response parts is equal to the number of function call parts of the function call turn.",
    };
  });
};

/** From Gemini 3 on the first call of each step in the current turn carries its signature. */
const signatures: Check = ({ body, model }) => {
  if (!/gemini-[3-9]/.test(model)) return undefined;
  const list = turnsOf(body);
  const turn = list.findLastIndex(
    (content) => content.role !== "model" && objects(content.parts).some((part) => typeof part.text === "string"),
  );
  return first(list, (content, index) => {
    const call = objects(content.parts).find((part) => member(part, "functionCall") !== undefined);
    if (index < turn || call === undefined || member(call, "thoughtSignature") !== undefined) return undefined;
    return {
      message: `Function call is missing a thought_signature in functionCall parts. Function call \`${str(obj(member(call, "functionCall")).name)}\`, position ${index + 1}.`,
    };
  });
};

const tools: Check = ({ body }) => {
  const declarations = objects(body.tools).flatMap((tool) => objects(member(tool, "functionDeclarations")));
  return first(declarations, (declaration, index) => {
    const at = `tools[0].function_declarations[${index}]`;
    const extra = unknownName(
      declaration,
      ["name", "description", "parameters", "parametersJsonSchema", "response", "responseJsonSchema", "behavior"],
      at,
    );
    if (extra !== undefined) return extra;
    if (declaration.parameters !== undefined && member(declaration, "parametersJsonSchema") !== undefined) {
      return {
        message: `* GenerateContentRequest.${at}: only one of parameters and parameters_json_schema may be set.`,
      };
    }
    return functionName(declaration.name, at) ?? openApi(declaration.parameters, `${at}.parameters`);
  });
};

function openApi(schema: unknown, at: string): Problem | undefined {
  if (schema === undefined) return undefined;
  if (!isObj(schema)) return { message: `Invalid value at '${at}'` };
  if (Array.isArray(schema.type))
    return {
      message: `Invalid value at '${at}.type' (type.googleapis.com/google.ai.generativelanguage.v1beta.Type), "array"`,
    };
  return (
    unknownName(schema, schemaKeywords, at) ??
    first(Object.entries(obj(schema.properties)), ([key, inner]) => openApi(inner, `${at}.properties.${key}`)) ??
    first(objects(schema.anyOf), (inner, index) => openApi(inner, `${at}.any_of[${index}]`)) ??
    openApi(schema.items, `${at}.items`)
  );
}

const toolConfig: Check = ({ body }) => {
  const config = obj(member(obj(member(body, "toolConfig")), "functionCallingConfig"));
  const mode = str(config.mode ?? "AUTO").toUpperCase();
  if (!["AUTO", "ANY", "NONE", "VALIDATED", "MODE_UNSPECIFIED"].includes(mode)) {
    return { message: `Invalid value at 'tool_config.function_calling_config.mode', "${mode}"` };
  }
  const names = member(config, "allowedFunctionNames");
  if (!Array.isArray(names) || names.length === 0) return undefined;
  if (mode !== "ANY" && mode !== "VALIDATED")
    return { message: "Function calling config is set without ANY mode but allowed_function_names is set." };
  const declared = objects(body.tools)
    .flatMap((tool) => objects(member(tool, "functionDeclarations")))
    .map((tool) => tool.name);
  const strange = names.find((name) => !declared.includes(name));
  return strange === undefined
    ? undefined
    : { message: `allowed_function_names contains a function that is not declared: ${String(strange)}` };
};

const generation: Check = ({ body }) => {
  const config = obj(member(body, "generationConfig"));
  const thinking = obj(member(config, "thinkingConfig"));
  const level = member(thinking, "thinkingLevel");
  if (level !== undefined && member(thinking, "thinkingBudget") !== undefined) {
    return { message: "You can only set one of thinking budget and thinking level." };
  }
  if (level !== undefined && !["MINIMAL", "LOW", "MEDIUM", "HIGH", "XHIGH"].includes(str(level).toUpperCase())) {
    return { message: `Invalid value at 'generation_config.thinking_config.thinking_level', "${String(level)}"` };
  }
  const { temperature } = config;
  if (typeof temperature === "number" && (temperature < 0 || temperature > 2))
    return { message: "temperature must be in the range [0.0, 2.0]." };
  const stops = member(config, "stopSequences");
  if (Array.isArray(stops) && stops.length > 5) return { message: "The number of stop sequences must be at most 5." };
  return (
    unknownName(config, generationMembers, "generation_config") ??
    unknownName(
      thinking,
      ["includeThoughts", "thinkingBudget", "thinkingLevel"],
      "generation_config.thinking_config",
    ) ??
    openApi(member(config, "responseSchema"), "generation_config.response_schema")
  );
};

export const geminiChecks: readonly Check[] = [auth, known, contents, pairs, signatures, tools, toolConfig, generation];
