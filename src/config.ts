/** Vars and secrets become a Config, or a ConfigError that names every mistake. Runs in Node at start, dev and deploy, and in the Worker. */
import { ConfigError, fixName, type Problem } from "./config-error.ts";
import type { PriceTable } from "./models/price.ts";
import { readPrices } from "./models/price-settings.ts";
import type { RouteTable } from "./policy/route-table.ts";
import { readRoutes } from "./policy/routes.ts";
import { catalog } from "./providers/catalog.ts";
import { baseFix, readBase, readEntry } from "./providers/entry.ts";
import type { Provider } from "./providers/provider.ts";
import { type Credential, ownSettingsOf, place, readCredentials, settingsOf } from "./providers/settings.ts";
import { readUpstash, upstashSettings } from "./stores/upstash-settings.ts";

export { ConfigError, type Problem } from "./config-error.ts";

export interface Config {
  /** By id: the catalog's and those of PROVIDERS, with the base URLs that `<PROVIDER>_BASE_URL` names. */
  readonly providers: ReadonlyMap<string, Provider>;
  /** Provider id to all of its credentials, only where one is set. */
  readonly allCredentials: ReadonlyMap<string, readonly Credential[]>;
  /** A name to the models that stand behind it, first choice first. */
  readonly aliases: ReadonlyMap<string, readonly string[]>;
  /** What an alias is too short for. */
  readonly routes: RouteTable;
  readonly secret: string;
  readonly previousSecret?: string;
  readonly adminKey?: string;
  /** Lower-case hex SHA-256 of the key made at start-up. */
  readonly firstKey?: string;
  readonly heartbeatMs: number;
  /** How long what a call holds of its team's limits and budgets is held for it, unless it says that it still runs. */
  readonly holdMs: number;
  /** How long answers of the Responses API are kept that callers have stored. */
  readonly responsesTtlHours: number;
  /** How long the single calls of an account are kept. */
  readonly callDays: number;
  /** Where the store is, if not in Durable Objects. */
  readonly upstash?: { readonly url: string; readonly token: string };
  /** The operator's own prices, which go before the vendors'. */
  readonly prices: PriceTable;
  readonly maxBodyBytes: number;
  readonly maxBytesInFlight: number;
  /** `auto`: Anthropic is asked to cache the prompt of a caller who said nothing of caching. */
  readonly cacheMarks: "auto" | "off";
  /** May callers of the Responses API use a WebSocket? */
  readonly webSockets: "on" | "off";
}

type Env = Readonly<Record<string, unknown>>;
type Report = (problem: Problem) => void;

/** The gateway's own secrets: no provider may be given one of them as its credential. */
const ownSecrets = ["GEARBOX_SECRET", "GEARBOX_SECRET_PREVIOUS", "ADMIN_KEY", "FIRST_KEY_HASH"];
const ownNumbers = ["HEARTBEAT_MS", "HOLD_MS", "CALL_DAYS", "MAX_BODY_BYTES", "MAX_BYTES_IN_FLIGHT"];
const ownWords = ["CACHE_MARKS", "RESPONSES_TTL_HOURS", "WEBSOCKETS", "PROVIDERS", "ALIASES", "ROUTES", "PRICES"];
const ownSettings = [...ownSecrets, ...ownNumbers, ...upstashSettings, ...ownWords];

const mib = 1024 * 1024;
const routeExample = '{"fast":{"targets":[{"provider":"openai","model":"gpt-5.5"}]}}';
const secretFix = "Use at least 32 characters without spaces; `npm run key` makes one.";

/** Reads the settings. Unset and empty are the same. @throws ConfigError with all mistakes at once */
export function readConfig(env: Env): Config {
  const problems: Problem[] = [];
  const report: Report = (problem) => {
    // Two entries of the catalog may share a setting: one mistake.
    if (!problems.some(({ path, message }) => path === problem.path && message === problem.message))
      problems.push(problem);
  };
  const known = readProviders(env, report);
  const allCredentials = credentialsOf(env, known, report);
  const providers = placeProviders(env, known, allCredentials, report);
  const secret = readSecret(env, "GEARBOX_SECRET", report);
  if (secret === undefined && !isSet(env.GEARBOX_SECRET)) {
    const fix =
      "Make one with `npm run key`, then `wrangler secret put GEARBOX_SECRET` (in .dev.vars for `npm run dev`).";
    report({ path: "GEARBOX_SECRET", message: "is missing", fix });
  }
  const maxBodyBytes = readInteger(env, "MAX_BODY_BYTES", { unset: 32 * mib, least: 1024, most: 512 * mib }, report);
  const bytesInFlight = { unset: Math.max(64 * mib, maxBodyBytes), least: maxBodyBytes, most: 4096 * mib };
  const aliases = readAliases(env, providers, report);
  const routes = readTable(env, "ROUTES", routeExample, report);
  const config: Config = {
    ...{ providers, allCredentials, aliases },
    routes: readRoutes(routes, { providers, allCredentials, aliases }, report),
    secret: secret ?? "",
    ...optional("previousSecret", readSecret(env, "GEARBOX_SECRET_PREVIOUS", report)),
    ...optional("adminKey", readSecret(env, "ADMIN_KEY", report)),
    ...optional("firstKey", readHash(env, report)),
    heartbeatMs: readInteger(env, "HEARTBEAT_MS", { unset: 15_000, least: 100, most: 120_000 }, report),
    holdMs: readInteger(env, "HOLD_MS", { unset: 60_000, least: 1000, most: 3_600_000 }, report),
    responsesTtlHours: readInteger(env, "RESPONSES_TTL_HOURS", { unset: 24, least: 1, most: 8784 }, report),
    callDays: readInteger(env, "CALL_DAYS", { unset: 35, least: 1, most: 3650 }, report),
    ...optional("upstash", readUpstash(env, report)),
    prices: readPrices(readTable(env, "PRICES", '{"mine/*":{"input":0.5,"output":2}}', report), report),
    maxBodyBytes,
    maxBytesInFlight: readInteger(env, "MAX_BYTES_IN_FLIGHT", bytesInFlight, report),
    cacheMarks: readWord(env, "CACHE_MARKS", ["auto", "off"], report),
    webSockets: readWord(env, "WEBSOCKETS", ["on", "off"], report),
  };
  if (problems.length > 0) throw new ConfigError(problems);
  return config;
}

/** Every name that {@link readConfig} looks at, so that a start script knows what to hand over. */
export function settingNames(providers: Iterable<Provider>): readonly string[] {
  // A provider of the catalog may be off for want of the very setting that is asked for here.
  const all = [...catalog, ...providers];
  const ofProviders = all.flatMap((provider) => [...settingsOf(provider), baseSetting(provider.id)]);
  return [...new Set([...ownSettings, ...ofProviders])];
}

/** May calls go to this provider: is its credential set, or needs it none? */
export function isOn(provider: Provider, config: Config): boolean {
  return provider.secret === undefined || config.allCredentials.has(provider.id);
}

/** A whole number written as a number or as digits; anything else is reported and read as unset. */
export function readInteger(
  env: Env,
  name: string,
  bounds: { readonly unset: number; readonly least: number; readonly most: number },
  report: Report,
): number {
  const value = env[name];
  if (!isSet(value)) return bounds.unset;
  const number = typeof value === "string" && /^\d{1,15}$/.test(value) ? Number(value) : value;
  if (typeof number === "number" && Number.isInteger(number) && number >= bounds.least && number <= bounds.most) {
    return number;
  }
  const fix = `Write a number from ${bounds.least} to ${bounds.most}, or leave it out for ${bounds.unset}.`;
  report({ path: name, message: `is no whole number from ${bounds.least} to ${bounds.most}`, fix });
  return bounds.unset;
}

function readProviders(env: Env, report: Report): ReadonlyMap<string, Provider> {
  const known = new Map(catalog.map((provider) => [provider.id, provider]));
  const entries = Object.entries(readTable(env, "PROVIDERS", '{"local":{"base":"http://127.0.0.1:11434/v1"}}', report));
  const written = entries.flatMap(([id, value]) => {
    const result = readEntry(id, value, known.get(id), ownSecrets);
    if ("provider" in result) return [[id, result.provider] as const];
    for (const problem of result.problems) report(problem);
    return [];
  });
  const placed = catalog.filter(({ id, needsBase }) => needsBase !== true || isSet(env[baseSetting(id)]));
  const providers = new Map([...placed.map((provider) => [provider.id, provider] as const), ...written]);
  return new Map([...providers].map(([id, provider]) => [id, moveBase(env, provider, report)]));
}

function placeProviders(
  env: Env,
  providers: ReadonlyMap<string, Provider>,
  credentials: Config["allCredentials"],
  report: Report,
): ReadonlyMap<string, Provider> {
  return new Map(
    [...providers].map(([id, provider]) => {
      const placed = place(provider, env, credentials.has(id));
      for (const problem of placed.problems) report(problem);
      return [id, placed.provider];
    }),
  );
}

function moveBase(env: Env, provider: Provider, report: Report): Provider {
  const path = baseSetting(provider.id);
  const value = env[path];
  if (!isSet(value)) return provider;
  const read = typeof value === "string" ? readBase(value) : { message: "is no text" };
  if ("base" in read) return { ...provider, base: read.base, isPrivate: true };
  report({ path, message: read.message, fix: baseFix });
  return provider;
}

function credentialsOf(env: Env, providers: ReadonlyMap<string, Provider>, report: Report): Config["allCredentials"] {
  const taken = new Set([...providers.values()].flatMap(ownSettingsOf));
  const read = [...providers.values()].flatMap((provider) => {
    const { credentials, problems } = readCredentials(provider, env, taken);
    for (const problem of problems) report(problem);
    return credentials.length === 0 ? [] : [[provider.id, credentials] as const];
  });
  return new Map(read);
}

function readAliases(
  env: Env,
  providers: ReadonlyMap<string, Provider>,
  report: Report,
): ReadonlyMap<string, readonly string[]> {
  const entries = Object.entries(readTable(env, "ALIASES", '{"fast":"openai/gpt-5.5"}', report));
  return new Map(
    entries.map(([name, value]) => {
      const path = `ALIASES.${name}`;
      if (!/^[^\s/]{1,128}$/.test(name)) {
        report({
          path,
          message: "is no name for an alias",
          fix: "Use up to 128 characters without spaces and slashes.",
        });
      }
      const models: readonly unknown[] = Array.isArray(value) ? value : [value];
      const targets = models.filter((model) => typeof model === "string" && model !== "").map(String);
      if (targets.length === 0 || targets.length < models.length) {
        report({ path, message: "names no model", fix: 'Write one model or a list of them, like ["openai/gpt-5.5"].' });
      }
      for (const model of targets) checkTarget(path, model, providers, report);
      return [name, targets] as const;
    }),
  );
}

function checkTarget(path: string, model: string, providers: ReadonlyMap<string, Provider>, report: Report): void {
  const [id = ""] = model.split("/");
  if (model.includes("/") && providers.has(id)) return;
  const owners = [...providers.values()].flatMap((provider) => provider.models ?? []);
  if (owners.some((start) => model.startsWith(start))) return;
  const fix = model.includes("/")
    ? fixName(id, [...providers.keys()])
    : `Write it as provider/model, like openai/${model}.`;
  report({ path, message: "names a model of no known provider", fix });
}

/** A TOML table arrives as an object, an environment variable as JSON. */
function readTable(env: Env, path: string, example: string, report: Report): Readonly<Record<string, unknown>> {
  const value = env[path];
  if (!isSet(value)) return {};
  const table = typeof value === "string" ? parse(value) : value;
  if (typeof table === "object" && table !== null && !Array.isArray(table)) return { ...table };
  report({
    path,
    message: table === undefined ? "is not JSON" : "is not an object",
    fix: `Write JSON like ${example}, or TOML tables like [vars.${path}.name].`,
  });
  return {};
}

function readSecret(env: Env, path: string, report: Report): string | undefined {
  const value = env[path];
  if (!isSet(value)) return undefined;
  if (isToken(value) && value.length >= 32) return value;
  report({
    path,
    message: isToken(value) ? "has fewer than 32 characters" : "has spaces or is no text",
    fix: secretFix,
  });
  return undefined;
}

/** One of two words; the first where it is unset. */
function readWord<W extends string>(env: Env, path: string, [usual, other]: readonly [W, W], report: Report): W {
  const value = env[path];
  if (!isSet(value) || value === usual) return usual;
  if (value !== other)
    report({ path, message: `is neither ${usual} nor ${other}`, fix: `Write ${usual} or ${other}.` });
  return other;
}

function readHash(env: Env, report: Report): string | undefined {
  const value = env.FIRST_KEY_HASH;
  if (!isSet(value)) return undefined;
  if (typeof value === "string" && /^[0-9a-f]{64}$/.test(value)) return value;
  const fix = "Write the SHA-256 of the key in 64 lower-case hex digits; `npm run key` prints it.";
  report({ path: "FIRST_KEY_HASH", message: "is no SHA-256", fix });
  return undefined;
}

/** `undefined` where it is not JSON. The parser's own message is not used: it quotes the text, credentials and all. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function baseSetting(id: string): string {
  return `${id.toUpperCase().replaceAll("-", "_")}_BASE_URL`;
}

function isSet(value: unknown): boolean {
  return value !== undefined && value !== null && value !== "";
}

function isToken(value: unknown): value is string {
  return typeof value === "string" && /^[\x21-\x7e]+$/.test(value);
}

function optional<Name extends string, Value>(
  name: Name,
  value: Value | undefined,
): { readonly [name in Name]?: Value } {
  return value === undefined ? {} : ({ [name]: value } as { readonly [name in Name]: Value });
}
