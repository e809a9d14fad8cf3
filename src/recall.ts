/** The tokens that the gateway keeps for a while because they are too long for a caller's ids: fetched, and kept. */
import type { Call } from "./call.ts";
import type { Deps } from "./deps.ts";
import { isTokenName, tokenName } from "./policy/seal.ts";
import { tokensIn } from "./protocols/chat/carrier.ts";

type Wanted = Pick<Deps, "tokens" | "clock" | "random" | "waitUntil">;

/** The newest so many: nobody makes us fetch more with ids that were made up. */
const most = 200;

/**
 * The kept tokens that the call names, in one go and before it is read into canon: codecs are synchronous. Where the
 * object does not answer the call goes on without, and the loss is reported as any other.
 */
export async function recall(call: Call, team: string, deps: Wanted): Promise<ReadonlyMap<string, string>> {
  if (call.protocol !== "chat") return new Map();
  const names = tokensIn(call.body.messages).filter(isTokenName).slice(-most);
  if (names.length === 0) return new Map();
  return deps.tokens.recall(team, names, deps.clock.now()).catch((cause) => {
    console.error("recall", call.id, cause);
    return new Map();
  });
}

/**
 * Keeps a token and names it. The writing begins before the caller is told the name, and is not waited for. A client
 * that runs its tool and is back before it has landed finds nothing under the name: that call goes without its
 * reasoning, as if it had been lost, and says so.
 */
export function keeper(team: string, deps: Wanted): (token: string) => string {
  return (token) => {
    const name = tokenName(deps.random);
    const kept = deps.tokens.keep(team, name, token, deps.clock.now());
    deps.waitUntil(kept.catch((cause) => console.error("keep", cause)));
    return name;
  };
}
