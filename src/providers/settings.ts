/** What a provider of the catalog needs from the environment: its credential, and what stands in its base URL. */

import { isObj } from "../canon/json.ts";
import type { Problem } from "../config-error.ts";
import type { AuthStyle, Provider, Setting } from "./provider.ts";

type Env = Readonly<Record<string, unknown>>;

/** A credential as one text, or what is wrong with it; neither where none is set. */
export interface CredentialResult {
  readonly credential?: string;
  readonly problems: readonly Problem[];
}

/** Reads the credential: `secret`, or else its parts, which become one JSON text. */
export function readCredential(provider: Provider, env: Env): CredentialResult {
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

/** Every setting that {@link readCredential} and {@link place} look at. */
export function settingsOf({ secret, secretParts = [], settings = [] }: Provider): readonly string[] {
  return [...(secret === undefined ? [] : [secret]), ...[...secretParts, ...settings].map(({ name }) => name)];
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
