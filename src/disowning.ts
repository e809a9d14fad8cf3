/**
 * A relayed conversation of which nobody remembers who answered it. It goes as it is; where the provider refuses what
 * another account has sealed, it is asked once more without any of that (design page, chapter 5: Affinity).
 */
import { asFault, type Fault } from "./fault.ts";
import type { Ranges } from "./protocols/protocol.ts";

/**
 * @param foreign what is known to be another account's
 * @param all the numbers of all items
 * @param onRefused told where the provider has refused, before it is asked again
 */
export async function disowning(
  foreign: Ranges,
  all: Ranges,
  ask: (foreign: Ranges) => Promise<Response>,
  onRefused: () => void,
): Promise<Response> {
  try {
    return await ask(foreign);
  } catch (thrown) {
    if (JSON.stringify(foreign) === JSON.stringify(all) || !isOfProofs(asFault(thrown))) throw thrown;
    onRefused();
    return ask(all);
  }
}

/**
 * What providers say of reasoning that they cannot open: OpenAI by its code, Anthropic (wire.md B.3.7) and Google in
 * words. A signature that is missing is another matter.
 */
const refusals = [
  /invalid_encrypted_content/,
  /invalid `?signature`? in `?thinking`? block/i,
  /(?:corrupted|invalid) thought[ _]signature|thought[ _]signature is (?:not valid|invalid)/i,
] as const;

function isOfProofs({ kind, code, message, relayed }: Fault): boolean {
  const said = `${code ?? ""} ${message} ${relayed?.body ?? ""}`;
  return kind === "bad_request" && refusals.some((refusal) => refusal.test(said));
}
