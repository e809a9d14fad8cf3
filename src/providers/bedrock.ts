/** Amazon's credential: a signature over the call (SigV4), or an API key that travels as a bearer. */
import { createHash } from "node:crypto";
import { AwsV4Signer } from "aws4fetch";
import { obj, text } from "../canon/json.ts";
import { Fault } from "../fault.ts";
import type { OutgoingBody } from "./network.ts";

/** A call as far as its signature covers it. */
export interface Signable {
  readonly url: string;
  readonly body: OutgoingBody;
  readonly region: string;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** Keys derived for a day, a region and a service: four hashes less for each call. Plain data, bounded. */
const derived = new Map<string, ArrayBuffer>();
const derivedKept = 16;

/** The headers that prove who calls. @param credential an API key, or the JSON of an access key's parts */
export async function awsHeaders(credential: string, call: Signable): Promise<Record<string, string>> {
  if (!credential.startsWith("{")) return { authorization: `Bearer ${credential}` };
  const parts = obj(JSON.parse(credential));
  const sessionToken = text(parts.AWS_SESSION_TOKEN);
  if (derived.size >= derivedKept) derived.clear();
  const signer = new AwsV4Signer({
    method: "POST",
    url: call.url,
    // Told the digest, the signer needs no body: ours is in slices, and is not to be copied for it.
    headers: { "x-amz-content-sha256": digest(call.body) },
    accessKeyId: text(parts.AWS_ACCESS_KEY_ID) ?? "",
    secretAccessKey: text(parts.AWS_SECRET_ACCESS_KEY) ?? "",
    ...(sessionToken !== undefined && { sessionToken }),
    service: "bedrock",
    region: call.region,
    datetime: new Date(call.now).toISOString().replace(/[:-]|\.\d+/g, ""),
    cache: derived,
  });
  const { headers } = await signer.sign();
  return Object.fromEntries(headers);
}

function digest(body: OutgoingBody): string {
  if (body instanceof ReadableStream) throw new Fault("unsupported", "A form cannot be signed for Amazon Bedrock.");
  const hash = createHash("sha256");
  for (const slice of body) hash.update(slice);
  return hash.digest("hex");
}
