/** One entry of PROVIDERS: what an operator may write of a provider, checked, and put over what the catalog says. */
import * as z from "zod";
import type { ProtocolId } from "../canon/request.ts";
import { fixName, type Problem } from "../config-error.ts";
import { compatible } from "./catalog.ts";
import type { AuthStyle, Provider, Quirk } from "./provider.ts";
import { mostTimeoutMs, timeoutNames } from "./timeouts.ts";

/** A provider, or what is wrong with its entry. */
export type EntryResult = { readonly provider: Provider } | { readonly problems: readonly Problem[] };

type Entry = z.infer<typeof entrySchema>;

const protocols = ["chat", "responses", "messages", "gemini"] as const satisfies readonly ProtocolId[];
const authStyles = ["bearer", "x-api-key", "x-goog-api-key", "api-key"] as const satisfies readonly AuthStyle[];
const quirks = [
  "system-role-only",
  "functions-only",
  "max-tokens",
  "no-openai-members",
  "mistral-members",
  "usage-unasked",
  "reasoning-tools-through-responses",
  "simulated",
] as const satisfies readonly Quirk[];

const idShape = /^[a-z0-9][a-z0-9-]{0,31}$/;
const settingShape = /^[A-Z][A-Z0-9_]{0,63}$/;
const headerShape = /^[a-z0-9-]+$/i;
/** The sender's own headers, and those that would keep a credential in the configuration. */
const closedHeaders =
  /^(authorization|.*api-key|cookie|host|connection|content-.*|transfer-encoding|proxy-.*|te|upgrade)$/i;

const timeoutSchema = z.exactOptional(z.int().min(1).max(mostTimeoutMs));

const entrySchema = z.strictObject({
  name: z.exactOptional(z.string().min(1)),
  base: z.exactOptional(z.string()),
  speaks: z.exactOptional(z.array(z.enum(protocols)).min(1)),
  auth: z.exactOptional(z.enum(authStyles)),
  secret: z.exactOptional(
    z.string().regex(settingShape, "is no name of a setting; what stands there may be a credential"),
  ),
  headers: z.exactOptional(
    z.record(
      z.string().regex(headerShape, "is no header name"),
      z.string().regex(/^[\x20-\x7e]*$/, "has characters that a header cannot carry"),
    ),
  ),
  models: z.exactOptional(z.array(z.string().min(1))),
  quirks: z.exactOptional(z.array(z.enum(quirks))),
  timeouts: z.exactOptional(
    z.strictObject({
      headersMs: timeoutSchema,
      firstContentMs: timeoutSchema,
      idleMs: timeoutSchema,
      totalMs: timeoutSchema,
    }),
  ),
  reportsCost: z.exactOptional(z.boolean()),
  compacts: z.exactOptional(z.boolean()),
});

const fixes: Readonly<Record<keyof Entry, string>> = {
  name: 'Write the name for people, like "Local models".',
  base: 'Write an http or https URL without credentials, query and fragment, like "http://127.0.0.1:11434/v1".',
  speaks: `List one or more of ${protocols.join(", ")}, the best first.`,
  auth: `Write one of ${authStyles.join(", ")}.`,
  secret: 'Write the name of the setting that holds the credential, like "LOCAL_KEY", and set that to the credential.',
  headers:
    'Write names and texts, like { "x-title" = "gearbox" }; a credential belongs into the setting that `secret` names.',
  models: 'List the beginnings of the model names that are this provider\'s, like ["llama"].',
  quirks: `List any of ${quirks.join(", ")}.`,
  timeouts: `Write milliseconds from 1 to ${mostTimeoutMs}, like { firstContentMs = 20000 }; any of ${timeoutNames.join(", ")}.`,
  reportsCost: "Write true where the `cost` in its usage, in US dollars, is what it takes, like a Vercel AI Gateway's.",
  compacts: "Write true where it has OpenAI's compaction: triggers, `context_management` and `/responses/compact`.",
};

/**
 * Reads one entry.
 *
 * @param known the catalog's provider of the same id: the entry replaces single members of it
 * @param reserved names of settings that are the gateway's own secrets and must never be sent to a provider
 */
export function readEntry(
  id: string,
  value: unknown,
  known: Provider | undefined,
  reserved: readonly string[],
): EntryResult {
  const path = `PROVIDERS.${id}`;
  if (!idShape.test(id)) {
    const fix = "Use 1 to 32 characters of a-z, 0-9 and -, not beginning with -.";
    return { problems: [{ path, message: "is no id of a provider", fix }] };
  }
  const parsed = entrySchema.safeParse(value);
  if (!parsed.success) return { problems: parsed.error.issues.flatMap((issue) => problemsOf(path, issue)) };
  const entry = parsed.data;
  const problems = problemsBeyondShape(path, entry, known, reserved);
  return problems.length > 0 ? { problems } : { provider: provide(id, entry, known) };
}

/** The URL without a closing slash, or why it cannot be a base. */
export function readBase(value: string): { readonly base: string } | { readonly message: string } {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (url?.protocol !== "http:" && url?.protocol !== "https:") return { message: "is no http or https URL" };
  if (url.username !== "" || url.password !== "") return { message: "holds a credential" };
  if (/[?#]/.test(value)) return { message: "has a query or a fragment" };
  return { base: url.href.replace(/\/+$/, "") };
}

/** The fix for a base URL, wherever it was written. */
export const baseFix = fixes.base;

function provide(id: string, entry: Entry, known: Provider | undefined): Provider {
  const read = entry.base === undefined ? undefined : readBase(entry.base);
  const base = read !== undefined && "base" in read ? { base: read.base, isPrivate: true } : {};
  return { id, name: id, base: "", ...(known ?? compatible), ...entry, ...base };
}

function problemsBeyondShape(
  path: string,
  entry: Entry,
  known: Provider | undefined,
  reserved: readonly string[],
): readonly Problem[] {
  const problem = (member: keyof Entry, message: string): Problem => ({
    path: `${path}.${member}`,
    message,
    fix: fixes[member],
  });
  const read = entry.base === undefined ? undefined : readBase(entry.base);
  return [
    ...(entry.base === undefined && known === undefined ? [problem("base", "is missing")] : []),
    ...(read !== undefined && "message" in read ? [problem("base", read.message)] : []),
    ...(entry.secret !== undefined && reserved.includes(entry.secret)
      ? [problem("secret", `names ${entry.secret}, which is the gateway's own and must not go to a provider`)]
      : []),
    ...Object.keys(entry.headers ?? {})
      .filter((name) => closedHeaders.test(name))
      .map((name) => problem("headers", `sets ${name}, which the gateway writes itself`)),
  ];
}

function problemsOf(path: string, issue: z.core.$ZodIssue): readonly Problem[] {
  const [member] = issue.path;
  if (issue.code === "unrecognized_keys") {
    const names = Object.keys(fixes);
    return issue.keys.map((key) => ({ path: `${path}.${key}`, message: "is not known", fix: fixName(key, names) }));
  }
  const fix = isMember(member)
    ? fixes[member]
    : 'Write an entry like { base = "http://127.0.0.1:11434/v1", speaks = ["chat"] }.';
  return [
    { path: `${path}${printPath(issue.path)}`, message: issue.message.replace(/^Invalid (input|option): /, ""), fix },
  ];
}

function isMember(name: PropertyKey | undefined): name is keyof Entry {
  return typeof name === "string" && Object.hasOwn(fixes, name);
}

function printPath(path: readonly PropertyKey[]): string {
  return path.map((step) => (typeof step === "number" ? `[${step}]` : `.${String(step)}`)).join("");
}
