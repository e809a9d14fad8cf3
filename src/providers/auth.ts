/** How each style of credential becomes headers of a call. */
import { awsHeaders } from "./bedrock.ts";
import type { Place } from "./endpoint.ts";
import type { Network, OutgoingBody } from "./network.ts";
import type { AuthStyle } from "./provider.ts";
import { googleToken } from "./vertex.ts";

/** A call that is about to be sent. */
export interface Unsigned {
  readonly url: string;
  readonly body: OutgoingBody;
}

type Headers = Record<string, string>;

/** The headers that carry the target's credential; none where it has none. Fault `credential` where it buys nothing. */
export async function authorize({ provider, credential }: Place, call: Unsigned, network: Network): Promise<Headers> {
  if (credential === undefined) return {};
  const region = provider.values?.AWS_REGION ?? "us-east-1";
  return styles[provider.auth](credential, { ...call, ...network, region });
}

type Signing = Unsigned & Network & { readonly region: string };

const styles = {
  bearer: (credential) => ({ authorization: `Bearer ${credential}` }),
  "x-api-key": (credential) => ({ "x-api-key": credential }),
  "x-goog-api-key": (credential) => ({ "x-goog-api-key": credential }),
  "api-key": (credential) => ({ "api-key": credential }),
  aws: awsHeaders,
  google: async (credential, network) => ({ authorization: `Bearer ${await googleToken(credential, network)}` }),
} as const satisfies Record<AuthStyle, (credential: string, signing: Signing) => Headers | Promise<Headers>>;
