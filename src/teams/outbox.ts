/**
 * Tells a team's webhook of budgets that are nearly or wholly spent, signed as Standard Webhooks are. What was not taken
 * stays in the outbox and is due again later, so an event may come twice but is never lost.
 */
import { createHash, createHmac, hkdfSync } from "node:crypto";
import { readMeter } from "../policy/refusal.ts";
import type { BudgetEvent, Registry } from "../stores/store.ts";
import { usd } from "./usage.ts";

export interface Courier {
  /** The root secret, of which the team's own is made. */
  readonly secret: string;
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
  readonly now: number;
}

/** Few at once: a webhook that is slow must not keep an object busy. */
const most = 20;
const timeoutMs = 10_000;

/** Delivers what is due. Never throws for the webhook's doing. */
export async function deliver(
  store: Pick<Registry, "team" | "events" | "delivered">,
  team: string,
  courier: Courier,
): Promise<void> {
  const events = await store.events(team, courier.now, most);
  if (events.length === 0) return;
  const url = (await store.team(team))?.settings.webhook;
  const taken = await Promise.all(
    events.map(async (event) => url === undefined || (await post(url, team, event, courier))),
  );
  await store.delivered(
    team,
    events.filter((_, at) => taken[at]).map(({ id }) => id),
  );
}

async function post(url: string, team: string, event: BudgetEvent, { secret, fetch, now }: Courier): Promise<boolean> {
  const id = messageId(team, event);
  const body = JSON.stringify(told(team, event));
  const timestamp = String(Math.floor(now / 1000));
  const headers = {
    "content-type": "application/json",
    "webhook-id": id,
    "webhook-timestamp": timestamp,
    "webhook-signature": `v1,${signature(webhookSecret(secret, team), `${id}.${timestamp}.${body}`)}`,
  };
  try {
    const signal = AbortSignal.timeout(timeoutMs);
    const answer = await fetch(url, { method: "POST", headers, body, redirect: "manual", signal });
    await answer.body?.cancel();
    return answer.ok;
  } catch {
    return false;
  }
}

/** The same each time that an event is sent. Without dots, which part what is signed, though a meter may have some. */
function messageId(team: string, { id }: BudgetEvent): string {
  return `msg_${createHash("sha256").update(`${team}/${id}`).digest("hex").slice(0, 32)}`;
}

/** What the webhook gets: amounts in US dollars. */
function told(team: string, { at, meter, mark, limit, spent }: BudgetEvent) {
  const { scope, model, per } = readMeter(meter);
  return {
    type: mark >= limit ? "budget.spent" : "budget.warning",
    timestamp: new Date(at).toISOString(),
    data: {
      team,
      scope,
      ...(scope === "key" && { key: /^[^:/]+/.exec(meter)?.[0] }),
      ...(model !== undefined && { model }),
      period: per,
      limit_usd: usd(limit),
      spent_usd: usd(spent),
      mark_usd: usd(mark),
    },
  };
}

/** The secret of a team's webhook, as its admin enters it at the receiver: `whsec_` and base64. */
export function webhookSecret(root: string, team: string): string {
  const bytes = hkdfSync("sha256", root, "", `gearbox webhook ${team}`, 32);
  return `whsec_${Buffer.from(bytes).toString("base64")}`;
}

function signature(secret: string, signed: string): string {
  return createHmac("sha256", Buffer.from(secret.slice("whsec_".length), "base64"))
    .update(signed)
    .digest("base64");
}
