/** Who made a piece of reasoning, as sealed tokens name it: the account and the model, without showing the credential. */
import { createHash } from "node:crypto";
import type { Target } from "./route.ts";

/** `provider/model/credential`, the last as 12 hexadecimal digits of its hash. */
export function originOf({ provider, model, credential = "" }: Target): string {
  return `${provider.id}/${model}/${fingerprint(credential)}`;
}

/** What an origin says of its target. A model's name may hold slashes. */
export function namesOf(origin: string): { readonly provider: string; readonly model: string } {
  const [first, last] = [origin.indexOf("/"), origin.lastIndexOf("/")];
  return { provider: origin.slice(0, first), model: origin.slice(first + 1, last) };
}

/** Each credential is hashed once, not on each call. A gateway has a few, and the bound holds if a team brings many. */
const fingerprints = new Map<string, string>();
const mostFingerprints = 1000;

function fingerprint(credential: string): string {
  const known = fingerprints.get(credential);
  if (known !== undefined) return known;
  if (fingerprints.size >= mostFingerprints) fingerprints.clear();
  const hash = createHash("sha256").update(credential).digest("hex").slice(0, 12);
  fingerprints.set(credential, hash);
  return hash;
}
