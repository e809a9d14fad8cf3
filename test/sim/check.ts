// How requests are judged, as strictly as a provider would: the first problem found is the answer.

import { isObj, type Obj, objects, str } from "./json.ts";
import type { Check, Problem, ProviderRequest } from "./wire.ts";

/** The first problem that the checks of a protocol find. */
export function judge(checks: readonly Check[], request: ProviderRequest): Problem | undefined {
  return first(checks, (check) => check(request));
}

/** The first problem among the items of a list. */
export function first<T>(
  items: readonly T[],
  check: (item: T, index: number) => Problem | undefined,
): Problem | undefined {
  for (const [index, item] of items.entries()) {
    const problem = check(item, index);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** A problem with one field, in OpenAI's words and notation. */
export function invalid(param: string, message: string, code = "invalid_value"): Problem {
  return { message, param, code };
}

export function missing(param: string): Problem {
  return invalid(param, `Missing required parameter: '${param}'.`, "missing_required_parameter");
}

/** A problem unless the value is absent, null or one of those listed. */
export function oneOf(param: string, value: unknown, allowed: readonly string[]): Problem | undefined {
  if (value === undefined || value === null || (typeof value === "string" && allowed.includes(value))) return undefined;
  const supported = allowed.map((item) => `'${item}'`).join(", ");
  return invalid(param, `Invalid value: '${String(value)}'. Supported values are: ${supported}.`);
}

/** The first member of an object that is not on the list. */
export function unknownMember(value: Obj, known: readonly string[]): string | undefined {
  return Object.keys(value).find((key) => !known.includes(key));
}

/** OpenAI's subset of JSON schema in strict mode: every object closed, every property required. */
export function notStrict(schema: unknown, at: string): string | undefined {
  if (!isObj(schema)) return undefined;
  const rejected = ["oneOf", "allOf", "not", "if", "patternProperties", "uniqueItems", "minProperties", "contains"];
  const keyword = rejected.find((key) => key in schema);
  if (keyword !== undefined) return `In context=${at}, '${keyword}' is not permitted.`;
  if (isObj(schema.properties) || schema.type === "object") {
    if (schema.additionalProperties !== false) {
      return `In context=${at}, 'additionalProperties' is required to be supplied and to be false.`;
    }
    const required = Array.isArray(schema.required) ? schema.required : [];
    const optional = Object.keys(isObj(schema.properties) ? schema.properties : {}).find(
      (key) => !required.includes(key),
    );
    if (optional !== undefined) {
      return `In context=${at}, 'required' is required to include every key in properties. Missing '${optional}'.`;
    }
  }
  const named = ["properties", "$defs"].flatMap((key) => Object.entries(isObj(schema[key]) ? schema[key] : {}));
  const branches = objects(schema.anyOf).map((branch): [string, unknown] => ["anyOf", branch]);
  for (const [key, inner] of [...named, ...branches, ["items", schema.items] as const]) {
    const wrong = notStrict(inner, `${at}.${key}`);
    if (wrong !== undefined) return wrong;
  }
  return undefined;
}

export const efforts = ["none", "minimal", "low", "medium", "high", "xhigh", "max"];

/** A tool or function name for OpenAI. */
export const openaiName = /^[a-zA-Z0-9_-]{1,64}$/;

export const openaiAuth: Check = ({ headers }) =>
  /^Bearer \S+$/i.test(headers.authorization ?? "")
    ? undefined
    : {
        status: 401,
        message: "Missing bearer authentication in header. Provide your API key in an Authorization header.",
      };

export const openaiModel: Check = ({ model }) =>
  model === "" ? invalid("model", "you must provide a model parameter", "missing_required_parameter") : undefined;

/** Top-level members that OpenAI does not know are an error. */
export function openaiMembers(known: readonly string[]): Check {
  return ({ body }) => {
    const unknown = unknownMember(body, known);
    return unknown === undefined
      ? undefined
      : invalid(unknown, `Unknown parameter: '${unknown}'.`, "unknown_parameter");
  };
}

/** Values that both OpenAI protocols check alike. */
export const openaiValues: Check = ({ body }) => {
  const { temperature, top_p: topP, metadata, stream_options: options, stream } = body;
  if (typeof temperature === "number" && (temperature < 0 || temperature > 2)) {
    return invalid(
      "temperature",
      "Invalid 'temperature': expected a value between 0 and 2.",
      "decimal_above_max_value",
    );
  }
  if (typeof topP === "number" && (topP < 0 || topP > 1)) {
    return invalid("top_p", "Invalid 'top_p': expected a value between 0 and 1.", "decimal_above_max_value");
  }
  if (isObj(metadata) && Object.values(metadata).some((value) => typeof value !== "string")) {
    return invalid("metadata", "Invalid type for 'metadata': expected string values.", "invalid_type");
  }
  if (isObj(options) && stream !== true) {
    return invalid("stream_options", "The 'stream_options' parameter is only allowed when 'stream' is enabled.");
  }
  const tiers = ["auto", "default", "flex", "scale", "priority", "fast", "ultrafast"];
  return oneOf("service_tier", body.service_tier, tiers);
};

/** A function's definition: name, schema and, if strict was asked for, OpenAI's subset. */
export function openaiFunction(definition: Obj, at: string): Problem | undefined {
  if (definition.name === undefined) return missing(`${at}.name`);
  if (!openaiName.test(str(definition.name))) {
    return invalid(`${at}.name`, `Invalid '${at}.name': string does not match pattern. Expected '^[a-zA-Z0-9_-]+$'.`);
  }
  const schema = definition.parameters;
  if (
    schema !== undefined &&
    schema !== null &&
    (!isObj(schema) || (schema.type !== undefined && schema.type !== "object"))
  ) {
    return invalid(
      `${at}.parameters`,
      `Invalid schema for function: schema must be of type "object".`,
      "invalid_function_parameters",
    );
  }
  const wrong = definition.strict === true ? notStrict(schema ?? {}, "()") : undefined;
  return wrong === undefined
    ? undefined
    : invalid(`${at}.parameters`, `Invalid schema for function: ${wrong}`, "invalid_function_parameters");
}

/** The id of a call, as both OpenAI protocols accept it. */
export function openaiCallId(id: unknown, param: string): Problem | undefined {
  if (typeof id !== "string" || id === "") return missing(param);
  if (id.length <= 64) return undefined;
  const message = `Invalid '${param}': string too long. Expected a string with maximum length 64, but got a string with length ${id.length} instead.`;
  return invalid(param, message, "string_above_max_length");
}

/** An image URL that OpenAI can use: a data URL in base64 or an http(s) URL. */
export function openaiImageUrl(url: unknown, param: string): Problem | undefined {
  if (/^(https?:\/\/|data:image\/(png|jpeg|webp|gif);base64,[A-Za-z0-9+/=_-]+$)/.test(str(url))) return undefined;
  return invalid(
    param,
    `Invalid '${param}'. Expected a valid URL, but got a value with an invalid format.`,
    "invalid_image_url",
  );
}
