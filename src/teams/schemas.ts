/** What the admin API takes, checked; the openapi document is made of the same shapes. */
import * as z from "zod";
import { efforts } from "../canon/request.ts";
import { groupings } from "../stores/store.ts";
import { type Budget, periods, type Settings, type TeamSettings } from "./records.ts";

const name = z
  .string()
  .min(1)
  .max(100)
  .regex(/^[^\p{Cc}\p{Cf}]+$/u, "it must have no control characters")
  .meta({ description: "For people." });

const perMinute = z.int().min(1).max(1_000_000_000).optional();

const limits = z
  .strictObject({
    requests_per_minute: perMinute,
    tokens_per_minute: perMinute,
    input_tokens_per_minute: perMinute,
    output_tokens_per_minute: perMinute,
    concurrent: z.int().min(1).max(1_000_000).optional(),
  })
  .meta({ description: "Absent is unlimited." });

const budget = z.strictObject({
  usd: z.number().positive().max(1_000_000),
  per: z.enum(periods).meta({ description: "In UTC; a week begins on Monday." }),
  warn_at: z
    .number()
    .positive()
    .max(1)
    .optional()
    .meta({ description: "Share of `usd` that the webhook is told of; 0.8." }),
});

const budgets = z
  .array(budget)
  .max(periods.length)
  .refine((all) => new Set(all.map(({ per }: Budget) => per)).size === all.length, "one budget for each period");

const rules = { limits: limits.optional(), budgets: budgets.optional() };

/** `provider/model`, or a beginning of it with `*` behind. */
const pattern = z
  .string()
  .max(200)
  .regex(/^[\w.:@-]+\/[\w.:@/-]*\*?$/, "write provider/model, or a beginning of it with * behind");

const settings = {
  ...rules,
  models: z.record(pattern, z.strictObject(rules)).optional(),
  allowed_models: z.array(pattern).max(200).optional(),
  allowed_providers: z.array(z.string().min(1).max(100)).max(100).optional(),
};

const webhook = z
  .string()
  .max(2000)
  .refine(isWebhook, "it must be an https URL without a user or a password")
  .meta({ description: "Told of budgets that are nearly or wholly spent, signed as Standard Webhooks are." });

export const keySettings = z.strictObject(settings) satisfies z.ZodType<Settings>;

export const teamSettings = z.strictObject({
  ...settings,
  store_down: z.enum(["closed", "open"]).optional().meta({
    description: "What happens to calls while the store cannot be reached: refused, or served without limits.",
  }),
  webhook: webhook.optional(),
  effort: z
    .strictObject({
      mode: z.enum(["off", "advise", "fill", "override"]),
      level: z.enum(efforts).optional(),
      floor: z.enum(efforts).optional(),
      ceiling: z.enum(efforts).optional(),
      default: z.enum(efforts).optional(),
      latency_ms: z.int().min(1).max(3_600_000).optional().meta({
        description: "What the reasoning of a call may be expected to take.",
      }),
      escalation_usd: z.number().min(0).max(1000).optional().meta({
        description: "What getting out of a failing loop is worth, where a change of effort costs the prompt cache.",
      }),
    })
    .optional()
    .meta({ description: "Who chooses how hard calls think; `advise` records what would be chosen." }),
  cache: z
    .strictObject({
      ttl_seconds: z
        .int()
        .min(1)
        .max(366 * 24 * 3600),
      coalesce: z.boolean().optional().meta({
        description: "Equal calls at the same time are one call to the provider.",
      }),
    })
    .optional()
    .meta({
      description: "Repeatable calls and embeddings are answered from the cache, unless the call says otherwise.",
    }),
  strict: z.boolean().optional().meta({ description: "Every loss of a request is an error." }),
  store_responses: z.boolean().optional().meta({
    description: "False: no answer of the Responses API is stored, whatever the call says.",
  }),
}) satisfies z.ZodType<TeamSettings>;

const seconds = z
  .int()
  .min(0)
  .max(366 * 24 * 3600);
const time = z.iso.datetime({ offset: true });

export const newTeam = z.strictObject({ name, settings: teamSettings.optional() });
export const changedTeam = z.strictObject({ name: name.optional(), settings: changesOf(teamSettings).optional() });
export const newKey = z.strictObject({ name, expires_at: time.optional(), settings: keySettings.optional() });
export const changedKey = z.strictObject({
  name: name.optional(),
  expires_at: time.nullable().optional(),
  settings: changesOf(keySettings).optional(),
});
export const rotation = z.strictObject({
  grace_seconds: seconds.optional().meta({ description: "How long the old key still works; 0 where left out." }),
});

const day = z.iso.date("write YYYY-MM-DD");

export const usageQuery = z.strictObject({
  from: day.optional(),
  to: day.optional(),
  group_by: z
    .string()
    .optional()
    .transform((text, context) => {
      const names = (text ?? "").split(",").filter((each) => each !== "");
      const wrong = names.find((each) => !groupings.some((grouping) => grouping === each));
      if (wrong !== undefined) context.addIssue(`'${wrong}' is none of ${groupings.join(", ")}`);
      return groupings.filter((grouping) => names.includes(grouping));
    }),
  format: z.enum(["json", "csv"]).optional(),
  key: z.string().max(100).optional(),
});

export const page = z.strictObject({
  after: z.string().max(200).optional(),
  limit: z.coerce.number().int().min(1).max(500).optional(),
});

export const callsPage = page.extend({ key: z.string().max(100).optional() });

export const forget = z.strictObject({ model: z.string().max(300).optional(), tag: z.string().max(64).optional() });

/** What a table of routes holds is checked by who reads ROUTES. */
export const newRoutes = z.strictObject({
  routes: z.record(z.string(), z.unknown()).meta({ description: "The whole table, as ROUTES is written." }),
  version: z
    .int()
    .min(0)
    .optional()
    .meta({ description: "The version that this one goes on from; 409 where it is no longer the newest." }),
});

export const routesRollback = z.strictObject({
  version: z.int().min(0).meta({ description: "One of those listed; 0: the configuration's." }),
});

/** Members to change; null takes one away. */
function changesOf<Shape extends z.ZodRawShape>({ shape }: z.ZodObject<Shape>) {
  const members = Object.entries(shape).map(([member, type]) => [member, z.nullable(type as z.ZodType)]);
  return z.strictObject(Object.fromEntries(members) as { [Member in keyof Shape]: z.ZodNullable<Shape[Member]> });
}

function isWebhook(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, username, password } = new URL(text);
  const isLocal = protocol === "http:" && ["127.0.0.1", "localhost"].includes(hostname);
  return (protocol === "https:" || isLocal) && username === "" && password === "";
}
