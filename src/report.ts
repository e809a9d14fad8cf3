/** What every answer says of itself in its headers: the call's id, who answered, and what did not cross. */
import type { Loss } from "./canon/request.ts";
import { downward } from "./http/headers.ts";
import type { Target } from "./policy/route.ts";

/** @param answer the provider's; `undefined` while its headers are not here */
export function report(
  id: string,
  target: Target,
  answer: Response | undefined,
  losses: readonly Loss[] = [],
): Record<string, string> {
  return {
    ...(answer === undefined ? {} : downward(answer.headers)),
    "x-request-id": id,
    "request-id": id,
    "x-gearbox-provider": target.provider.id,
    "x-gearbox-model": target.model,
    ...(losses.length > 0 && { "x-gearbox-lost": lossHeader(losses) }),
  };
}

const lossHeaderBytes = 1024;

function lossHeader(losses: readonly Loss[]): string {
  const told = losses
    .map(({ field, change }) => `${field}=${change}`)
    .join(", ")
    .replace(/[^\x20-\x7e]/g, "?");
  return told.length <= lossHeaderBytes ? told : `${told.slice(0, lossHeaderBytes - 3)}...`;
}
