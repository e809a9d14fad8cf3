/**
 * A summary as a caller carries it, in `encrypted_content`: sealed as reasoning is (policy/seal.ts), so that only calls of
 * the same team can open it, whichever provider they go to. It says of itself that it is one: a token of reasoning is no
 * summary, whoever puts it there.
 */
import type { Reasoning } from "../canon/request.ts";
import { isToken, type Sealer } from "../policy/seal.ts";

const kind = "compaction";

export function sealSummary(summary: string, sealer: Sealer, origin: string): string {
  return sealer.seal(
    { type: "reasoning", summary: [summary], native: { protocol: "responses", value: "", kind } },
    origin,
  );
}

/** `undefined` for a token that is another team's, damaged, or of something else. */
export function openSummary(token: string, open: Sealer["open"]): string | undefined {
  const { native, summary }: Partial<Reasoning> = open(token) ?? {};
  return native?.kind === kind ? summary?.join("") : undefined;
}

/** Did a gateway make it? Any other is a provider's own cipher. */
export function isSealed(token: unknown): token is string {
  return isToken(token);
}
