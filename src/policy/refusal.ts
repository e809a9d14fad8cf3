/** Why a call was not admitted, as a Fault: whose limit it is, and when it is worth asking again. Pure. */
import { Fault } from "../fault.ts";
import type { Admission, Grant } from "../stores/store.ts";
import { type Period, periods } from "../teams/records.ts";
import { endOf } from "./limits.ts";

type Refused = Extract<Admission, { isAdmitted: false }>;

/** What a meter's name says. */
export interface Meter {
  readonly scope: "team" | "key";
  /** The model rule it belongs to. */
  readonly model?: string;
  readonly what: string;
  readonly per?: Period;
}

/** Reads `<owner>[:<model pattern>]/<what>[/<period start>]`; a pattern may hold slashes. */
export function readMeter(meter: string): Meter {
  const [, owner = "", pattern, what = ""] = /^([^:/]+)(?::(.+))?\/([a-z]+)(?:\/\d{4}-\d\d-\d\d)?$/.exec(meter) ?? [];
  const per = periods.find((period) => period === what);
  return {
    scope: owner === "team" ? "team" : "key",
    what,
    ...(pattern !== undefined && { model: pattern }),
    ...(per !== undefined && { per }),
  };
}

const limits: Readonly<Record<string, string>> = {
  requests: "requests per minute",
  tokens: "tokens per minute",
  input: "input tokens per minute",
  output: "output tokens per minute",
  concurrent: "calls at once",
};

/** The limit's own Fault: a rate's says when to come back, a budget's that coming back is no use. */
export function refusedBy({ meter, retryAfterMs }: Refused, grant: Grant, now: number): Fault {
  // The team was erased since its key was last looked up.
  if (meter === "team") return new Fault("bad_key", "The key is not valid here.", { code: "invalid_api_key" });
  const { scope, model, what, per } = readMeter(meter);
  const owner = scope === "team" ? `the team '${grant.team.name}'` : `the key '${grant.key.name}'`;
  const whose = `${owner}${model === undefined ? "" : ` for ${model}`}`;
  const extra = { limit_source: "gearbox", scope, limit: what, ...(model !== undefined && { model }) };
  if (per === undefined || retryAfterMs !== undefined) {
    const message =
      per === undefined
        ? `Gearbox limits ${whose} in ${limits[what] ?? what}; that limit is reached.`
        : `What is left of the budget of ${whose} is held for calls that are running; ask again when one has ended.`;
    const resets_at = retryAfterMs === undefined ? undefined : new Date(now + retryAfterMs).toISOString();
    return new Fault("rate_limit", message, {
      code: "rate_limit_exceeded",
      extra: { ...extra, ...(resets_at !== undefined && { resets_at }) },
      ...(retryAfterMs !== undefined && { retryAfterMs: Math.max(1, retryAfterMs) }),
    });
  }
  const end = endOf(per, now);
  const until = end === undefined ? "" : ` until ${new Date(end).toISOString()}`;
  const period = per === "total" ? "total budget" : `budget of this ${per}`;
  return new Fault("quota", `The ${period} of ${whose} is spent${until}.`, {
    code: "insufficient_quota",
    extra: { ...extra, ...(end !== undefined && { resets_at: new Date(end).toISOString() }) },
  });
}
