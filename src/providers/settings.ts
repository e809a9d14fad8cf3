/** What a provider of the catalog needs from the environment: its credential, and what stands in its base URL. */
import { isObj } from "../canon/json.ts";
import type { Problem } from "../config-error.ts";
import type { AuthStyle, Provider, Setting } from "./provider.ts";

type Env = Readonly<Record<string, unknown>>;

/** A credential as one text, or what is wrong with it; neither where none is set. */
interface CredentialResult {
  readonly credential?: string;
  readonly problems: readonly Problem[];
}

/** Reads the credential: `secret`, or else its parts, which become one JSON text. */
function readCredential(provider: Provider, env: Env): CredentialResult {
  const { secret, secretParts = [], auth } = provider;
  if (secret === undefined) return { problems: [] };
  if (isSet(env[secret])) return check(secret, env[secret], auth);
  const written = secretParts.filter(({ name }) => isSet(env[name]));
  if (!written.some(({ optional }) => optional !== true)) return { problems: [] };
  const problems = secretParts.flatMap(({ name, optional }) => {
    if (isSet(env[name])) return check(name, env[name], "bearer").problems;
    const fix = `Set it beside ${written.map((part) => part.name).join(" and ")}, or remove those.`;
    return optional === true ? [] : [{ path: name, message: "is missing", fix }];
  });
  if (problems.length > 0) return { problems };
  return { credential: JSON.stringify(Object.fromEntries(written.map(({ name }) => [name, env[name]]))), problems };
}

/** One of a provider's credentials. */
export interface Credential {
  /** The setting that holds it: how it is told from the others wherever it must not be seen itself. */
  readonly name: string;
  readonly value: string;
}

/** Credentials beyond the first stand in settings of the same name with `_2` to `_16` behind. */
const mostCredentials = 16;

/**
 * All credentials of a provider, in the order of their numbers; one is enough, whatever its number.
 *
 * @param taken settings of any provider: a name that is one of them, whatever number it ends in, is not another's
 */
export function readCredentials(
  provider: Provider,
  env: Env,
  taken: ReadonlySet<string>,
): { readonly credentials: readonly Credential[]; readonly problems: readonly Problem[] } {
  const { secret } = provider;
  if (secret === undefined) return { credentials: [], problems: [] };
  const { secretParts: _, ...alone } = provider;
  const free = numberedNames(secret).filter((name) => !taken.has(name));
  const numbered = free.map((name) => ({ name, ...readCredential({ ...alone, secret: name }, env) }));
  const read = [{ name: secret, ...readCredential(provider, env) }, ...numbered];
  return {
    credentials: read.flatMap(({ name, credential }) =>
      credential === undefined ? [] : [{ name, value: credential }],
    ),
    problems: read.flatMap(({ problems }) => problems),
  };
}

function numberedNames(secret: string): readonly string[] {
  return Array.from({ length: mostCredentials - 1 }, (_, at) => `${secret}_${at + 2}`);
}

/** The provider with its settings read and put into its base. `isOn`: it has a credential, and so needs them. */
export function place(provider: Provider, env: Env, isOn: boolean): { provider: Provider; problems: Problem[] } {
  const { settings = [] } = provider;
  if (settings.length === 0) return { provider, problems: [] };
  const problems: Problem[] = [];
  let { base } = provider;
  const values: Record<string, string> = {};
  for (const setting of settings) {
    const mark = `{${setting.name}}`;
    const value = isSet(env[setting.name]) ? env[setting.name] : setting.unset;
    if (typeof value === "string" && shape.test(value)) {
      values[setting.name] = value;
      base = (base.includes(mark) && setting.bases?.[value]) || base.replace(mark, value);
    } else if (isOn && (value !== undefined || base.includes(mark))) {
      problems.push(wrong(setting, provider, value === undefined));
    }
  }
  return { provider: { ...provider, base, values }, problems };
}

/** The settings that a provider names itself. */
export function ownSettingsOf({ secret, secretParts = [], settings = [] }: Provider): readonly string[] {
  return [...(secret === undefined ? [] : [secret]), ...[...secretParts, ...settings].map(({ name }) => name)];
}

/** Every setting that {@link readCredentials} and {@link place} look at. */
export function settingsOf(provider: Provider): readonly string[] {
  const { secret } = provider;
  return [...ownSettingsOf(provider), ...(secret === undefined ? [] : numberedNames(secret))];
}

/** Is something written there? Unset and empty are the same. */
function isSet(value: unknown): boolean {
  return value !== undefined && value !== null && value !== "";
}

/** Regions, names of resources and account ids: nothing that could move the host elsewhere. */
const shape = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i;

function wrong({ name, like }: Setting, { name: provider }: Provider, isMissing: boolean): Problem {
  return {
    path: name,
    message: isMissing
      ? `is missing, which ${provider} needs beside its credential`
      : "is no name of letters, digits and -",
    fix: `Write a value like "${like}".`,
  };
}

function check(path: string, value: unknown, auth: AuthStyle): CredentialResult {
  if (auth === "google") {
    const message = typeof value === "string" ? accountProblem(value) : "is no text";
    if (typeof value === "string" && message === undefined) return { credential: value, problems: [] };
    const fix = "Paste the whole JSON key file of a service account, as one line.";
    return { problems: [{ path, message: message ?? "is no text", fix }] };
  }
  if (typeof value === "string" && /^[\x21-\x7e]+$/.test(value)) return { credential: value, problems: [] };
  const message = "has a space or a character that a header cannot carry";
  return { problems: [{ path, message, fix: "Paste the credential again, without spaces and line ends." }] };
}

/** The members of a service account's key file that a call needs. */
const accountMembers = ["project_id", "client_email", "private_key"] as const;

/** Told without the parser's own words, which would quote the key. */
function accountProblem(text: string): string | undefined {
  let account: unknown;
  try {
    account = JSON.parse(text);
  } catch {
    return "is not JSON";
  }
  if (!isObj(account)) return "is no JSON object";
  const missing = accountMembers.filter((member) => typeof account[member] !== "string" || account[member] === "");
  return missing.length > 0 ? `has no ${missing.join(", ")}` : undefined;
}
