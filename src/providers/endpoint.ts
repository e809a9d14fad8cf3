/** Where a call goes: the provider's base and the protocol's path, or a cloud's own. */
import type { ProtocolId } from "../canon/request.ts";
import { Fault } from "../fault.ts";
import type { EndpointStyle, Provider } from "./provider.ts";
import { projectOf } from "./vertex.ts";

/** The part of a target that says where it is. */
export interface Place {
  readonly provider: Provider;
  readonly protocol: ProtocolId;
  readonly model: string;
  readonly credential?: string;
}

/**
 * The URL of a call. Fault `unsupported` where a cloud has no such path.
 *
 * @param path in place of the protocol's own, below the version
 */
export function endpoint(place: Place, stream: boolean, path?: string): string {
  if (path !== undefined) return other(place, path);
  return styles[place.provider.endpoint ?? "plain"](place, stream);
}

const styles = { plain, bedrock, vertex } as const satisfies Record<
  EndpointStyle,
  (place: Place, stream: boolean) => string
>;

/** A base may end in a version (OpenAI's convention) or not (Anthropic's, Google's): either works for any protocol. */
function plain({ provider, protocol, model }: Place, stream: boolean): string {
  const root = rootOf(provider);
  const version = versionOf(provider, protocol);
  switch (protocol) {
    case "responses":
      return `${root}/responses`;
    case "chat":
      return `${root}/chat/completions`;
    case "messages":
      return `${root}${version}/messages`;
    case "gemini":
      return `${root}${version}/models/${model}:${geminiMethod(stream)}`;
  }
}

function other({ provider, protocol }: Place, path: string): string {
  if ((provider.endpoint ?? "plain") !== "plain") {
    throw new Fault("unsupported", `The provider '${provider.id}' has nothing at '${path}'.`);
  }
  const version = protocol === "gemini" || protocol === "messages" ? versionOf(provider, protocol) : "";
  return `${rootOf(provider)}${version}/${path}`;
}

/** A model may be an ARN: its colons and slashes are no part of the path. */
function bedrock({ provider, model }: Place, stream: boolean): string {
  const method = stream ? "invoke-with-response-stream" : "invoke";
  return `${rootOf(provider)}/model/${encodeURIComponent(model)}/${method}`;
}

function vertex({ provider, protocol, model, credential = "" }: Place, stream: boolean): string {
  const location = provider.values?.VERTEX_LOCATION ?? "global";
  const parent = `${rootOf(provider)}/v1/projects/${projectOf(credential)}/locations/${location}/publishers`;
  return protocol === "messages"
    ? `${parent}/anthropic/models/${model}:${stream ? "streamRawPredict" : "rawPredict"}`
    : `${parent}/google/models/${model}:${geminiMethod(stream)}`;
}

function geminiMethod(stream: boolean): string {
  return stream ? "streamGenerateContent?alt=sse" : "generateContent";
}

function versionOf(provider: Provider, protocol: ProtocolId): string {
  return /\/v\d+[a-z0-9]*$/.test(rootOf(provider)) ? "" : protocol === "gemini" ? "/v1beta" : "/v1";
}

function rootOf({ base }: Provider): string {
  return base.replace(/\/+$/, "");
}
