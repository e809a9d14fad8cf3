/**
 * The settings of `npm start`, `npm run dev` and `npm run deploy`: wrangler.toml's vars, over them .dev.vars (or .env),
 * over them the environment. All three are read by wrangler itself, so that its dialect of TOML and dotenv is ours.
 * (smol-toml would load faster, but is here only as a dependency of a dependency, and knows nothing of .dev.vars.)
 */
import { isIP } from "node:net";
import { join, resolve } from "node:path";
import { unstable_getVarsForDev, unstable_readConfig } from "wrangler";
import { type Config, ConfigError, type Problem, readConfig, readInteger, settingNames } from "../config.ts";
import { fixName } from "../config-error.ts";

type Settings = Readonly<Record<string, unknown>>;

/** What wrangler.toml says. */
export interface Manifest {
  readonly vars: Settings;
  readonly compatibilityDate: string;
  readonly compatibilityFlags: readonly string[];
}

/** Settings that only a process on one machine has. */
export interface LocalSettings {
  readonly port: number;
  readonly host: string;
  /** Absolute. */
  readonly dataDir: string;
}

/** Settings that were found to be right; `config.secret` is a stand-in where none was set. */
export interface Checked {
  readonly config: Config;
  readonly local: LocalSettings;
}

const localNames = ["PORT", "HOST", "DATA_DIR"];
/** Stands in for the root secret in a check that runs where the secret is not: before a deploy, before a first start. */
const unsetSecret = "unset".padEnd(32, "-");

/** Reads wrangler.toml. @throws ConfigError where wrangler refuses it */
export function readManifest(root: string, environment?: string): Manifest {
  const path = join(root, "wrangler.toml");
  try {
    const read = unstable_readConfig({ config: path, ...(environment !== undefined && { env: environment }) });
    const { vars, compatibility_date: compatibilityDate = "", compatibility_flags: compatibilityFlags } = read;
    return { vars, compatibilityDate, compatibilityFlags };
  } catch (thrown) {
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    throw new ConfigError([
      { path: "wrangler.toml", message, fix: "Correct the file; its comments show what it may hold." },
    ]);
  }
}

/** Everything that is set, by name. An empty text in the environment unsets what a file says. */
export function readSettings(root: string, manifest: Manifest, environment: Settings): Settings {
  const read = unstable_getVarsForDev(join(root, "wrangler.toml"), undefined, { ...manifest.vars }, undefined, true);
  const files = Object.entries(read).map(([name, binding]) => [name, "value" in binding ? binding.value : undefined]);
  return { ...Object.fromEntries(files), ...environment };
}

/** Checks everything at once. @throws ConfigError */
export function check(root: string, settings: Settings, vars: Settings): Checked {
  const problems: Problem[] = [];
  const report = (problem: Problem): void => {
    problems.push(problem);
  };
  const local = readLocal(root, settings, report);
  const config = tryConfig({ ...settings, GEARBOX_SECRET: settings.GEARBOX_SECRET || unsetSecret }, report);
  if (config !== undefined) for (const problem of unknownVars(vars, config)) report(problem);
  if (config === undefined || problems.length > 0) throw new ConfigError(problems);
  return { config, local };
}

/** The settings that the Worker reads, as texts: tables become JSON. What is unset is left out. */
export function workerSettings(settings: Settings, config: Config): Readonly<Record<string, string>> {
  const values = settingNames(config.providers.values()).flatMap((name) => {
    const value = settings[name];
    if (value === undefined || value === null || value === "") return [];
    return [[name, typeof value === "string" ? value : JSON.stringify(value)] as const];
  });
  return Object.fromEntries(values);
}

function readLocal(root: string, settings: Settings, report: (problem: Problem) => void): LocalSettings {
  const { HOST: host = "127.0.0.1", DATA_DIR: dataDir = ".data" } = settings;
  if (typeof host !== "string" || (host !== "" && isIP(host) === 0 && host !== "localhost")) {
    const fix = "Write 127.0.0.1 for this machine only, or 0.0.0.0 for all its addresses.";
    report({ path: "HOST", message: "is no IP address", fix });
  }
  if (typeof dataDir !== "string") {
    report({ path: "DATA_DIR", message: "is no text", fix: "Write the path of a folder, like .data." });
  }
  return {
    port: readInteger(settings, "PORT", { unset: 8787, least: 0, most: 65_535 }, report),
    host: String(host) || "127.0.0.1",
    dataDir: resolve(root, String(dataDir) || ".data"),
  };
}

function tryConfig(settings: Settings, report: (problem: Problem) => void): Config | undefined {
  try {
    return readConfig(settings);
  } catch (thrown) {
    if (!(thrown instanceof ConfigError)) throw thrown;
    for (const problem of thrown.problems) report(problem);
    return undefined;
  }
}

/** The environment is full of names that are not ours; in wrangler.toml a name nobody reads is a slip. */
function unknownVars(vars: Settings, config: Config): readonly Problem[] {
  const known = [...localNames, ...settingNames(config.providers.values())];
  return Object.keys(vars)
    .filter((name) => !known.includes(name))
    .map((name) => ({ path: `vars.${name}`, message: "is no setting (wrangler.toml)", fix: fixName(name, known) }));
}
