/** `ROUTES`, read and checked; also what the admin API is sent. Runs in Node and in the Worker. Pure. */
import { defined, isObj, type Obj } from "../canon/json.ts";
import { fixName } from "../config-error.ts";
import type { Provider } from "../providers/provider.ts";
import type { Credential } from "../providers/settings.ts";
import { mostTimeoutMs, type Timeouts, timeoutNames } from "../providers/timeouts.ts";
import { type Reader, type Report, reader } from "./members.ts";
import {
  type Condition,
  modalities,
  type Route,
  type RouteTable,
  type RouteTarget,
  strategies,
} from "./route-table.ts";

/** What a route may name. */
export interface Known {
  readonly providers: ReadonlyMap<string, Provider>;
  readonly allCredentials: ReadonlyMap<string, readonly Credential[]>;
  /** A name has one meaning: an alias may not be a route as well. */
  readonly aliases: ReadonlyMap<string, unknown>;
}

const example = '{"strategy":"priority","targets":[{"provider":"openai","model":"gpt-5.5"}]}';
const routeMembers = ["strategy", "targets", "when", "timeouts", "retries", "hedge"] as const;
const targetMembers = ["provider", "model", "weight", "credential", "when"] as const;
const conditionMembers = ["teams", "metadata", "tokensIn", "modalities", "tools", "stream"] as const;

const mostTargets = 32;
const mostRetries = 10;
const mostTokens = 100_000_000;

/**
 * The routes that hold. Each mistake is reported with its path (`ROUTES.fast.targets[0].weight`), and never with the
 * value; a table with any must not be used.
 */
export function readRoutes(value: Readonly<Record<string, unknown>>, known: Known, report: Report): RouteTable {
  const routes = Object.entries(value).flatMap(([name, written]) => {
    const path = `ROUTES.${name}`;
    if (!/^[^\s/]{1,128}$/.test(name)) {
      const fix = "Use up to 128 characters without spaces and slashes.";
      report({ path, message: "is no name for a route", fix });
    }
    if (known.aliases.has(name)) {
      report({ path, message: "is an alias as well", fix: `Remove one of ROUTES.${name} and ALIASES.${name}.` });
    }
    const route = readRoute(written, path, known, report);
    return route === undefined ? [] : [[name, route] as const];
  });
  return new Map(routes);
}

function readRoute(value: unknown, path: string, known: Known, report: Report): Route | undefined {
  const read = reader(report);
  const route = read.table(value, path, routeMembers, `Write a table like ${example}.`);
  if (route === undefined) return undefined;
  const rest = {
    strategy: read.word(route.strategy, `${path}.strategy`, strategies) ?? "priority",
    when: readCondition(route.when, `${path}.when`, read),
    timeouts: readTimeouts(route.timeouts, `${path}.timeouts`, read),
    retries: read.whole(route.retries, `${path}.retries`, { least: 0, most: mostRetries }),
    hedge: read.flag(route.hedge, `${path}.hedge`),
  };
  const { targets } = route;
  if (!Array.isArray(targets) || targets.length === 0 || targets.length > mostTargets) {
    const fix = `Write one to ${mostTargets}, like ${example}.`;
    report({ path: `${path}.targets`, message: "is no list of targets", fix });
    return undefined;
  }
  return defined({
    ...rest,
    targets: targets.flatMap((target, at) => readTarget(target, `${path}.targets[${at}]`, known, report) ?? []),
  });
}

function readTarget(value: unknown, path: string, known: Known, report: Report): RouteTarget | undefined {
  const fix = 'Write a table like {"provider":"openai","model":"gpt-5.5"}.';
  const read = reader(report);
  const target = read.table(value, path, targetMembers, fix);
  if (target === undefined) return undefined;
  const { model } = target;
  if (typeof model !== "string" || !/^\S{1,256}$/.test(model)) {
    const hint = "Write the provider's own name for it, without the provider in front.";
    report({ path: `${path}.model`, message: model === undefined ? "is missing" : "is no name of a model", fix: hint });
    return undefined;
  }
  const provider = readProvider(target, path, known, report);
  if (provider === undefined) return undefined;
  return defined({
    provider,
    model,
    weight: read.whole(target.weight, `${path}.weight`, { least: 0, most: 1_000_000 }) ?? 1,
    credential: readCredentialName(target.credential, `${path}.credential`, provider, known, report),
    when: readCondition(target.when, `${path}.when`, read),
  });
}

function readProvider({ provider }: Obj, path: string, { providers }: Known, report: Report): string | undefined {
  const ids = [...providers.keys()];
  if (typeof provider === "string" && providers.has(provider)) return provider;
  const fix = typeof provider === "string" ? fixName(provider, ids) : `Write one of ${ids.join(", ")}.`;
  report({ path: `${path}.provider`, message: provider === undefined ? "is missing" : "is no known provider", fix });
  return undefined;
}

function readCredentialName(
  value: unknown,
  path: string,
  provider: string,
  { allCredentials }: Known,
  report: Report,
): string | undefined {
  if (value === undefined) return undefined;
  const names = (allCredentials.get(provider) ?? []).map(({ name }) => name);
  if (typeof value === "string" && names.includes(value)) return value;
  const fix =
    names.length > 0
      ? `Write the name of the setting that holds it: one of ${names.join(", ")}.`
      : "Remove it, or set a credential of the provider first.";
  report({ path, message: "names no credential that is set for the provider", fix });
  return undefined;
}

function readCondition(value: unknown, path: string, read: Reader): Condition | undefined {
  const written = read.table(value, path, conditionMembers, 'Write a table like {"tools":true}.');
  if (written === undefined) return undefined;
  const kinds = read.texts(written.modalities, `${path}.modalities`, `List any of ${modalities.join(", ")}.`);
  return defined({
    teams: read.texts(written.teams, `${path}.teams`, "List ids of teams."),
    metadata: readMetadata(written.metadata, `${path}.metadata`, read),
    tokensIn: readRange(written.tokensIn, `${path}.tokensIn`, read),
    modalities: kinds?.flatMap((kind, at) => read.word(kind, `${path}.modalities[${at}]`, modalities) ?? []),
    tools: read.flag(written.tools, `${path}.tools`),
    stream: read.flag(written.stream, `${path}.stream`),
  });
}

function readMetadata(value: unknown, path: string, read: Reader): Condition["metadata"] {
  const fix = 'Write texts, or lists of them, like {"env":["test","dev"]}.';
  const names = isObj(value) ? Object.keys(value) : [];
  const written = read.table(value, path, names, fix);
  if (written === undefined) return undefined;
  return Object.fromEntries(names.map((name) => [name, read.texts(written[name], `${path}.${name}`, fix) ?? []]));
}

function readRange(value: unknown, path: string, read: Reader): Condition["tokensIn"] {
  const written = read.table(value, path, ["least", "most"], 'Write bounds like {"least":1,"most":200000}.');
  if (written === undefined) return undefined;
  const bounds = { least: 0, most: mostTokens };
  const least = read.whole(written.least, `${path}.least`, bounds);
  return defined({
    least,
    most: read.whole(written.most, `${path}.most`, { least: least ?? 0, most: mostTokens }),
  });
}

function readTimeouts(value: unknown, path: string, read: Reader): Partial<Timeouts> | undefined {
  const written = read.table(value, path, timeoutNames, 'Write milliseconds like {"firstContentMs":20000}.');
  if (written === undefined) return undefined;
  const bounds = { least: 1, most: mostTimeoutMs };
  return defined(
    Object.fromEntries(timeoutNames.map((name) => [name, read.whole(written[name], `${path}.${name}`, bounds)])),
  );
}
