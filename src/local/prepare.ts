/** What `npm start` and `npm run dev` do before anything runs: check the settings, take the data folder, have the keys. */
import { randomBytes } from "node:crypto";
import type { Config } from "../config.ts";
import { type Data, makeFolder, openData } from "./data.ts";
import { type Lock, takeLock } from "./lock.ts";
import { check, type LocalSettings, type Manifest, readManifest, readSettings, workerSettings } from "./settings.ts";

export interface Prepared {
  readonly manifest: Manifest;
  readonly config: Config;
  readonly local: LocalSettings;
  readonly data: Data;
  readonly lock: Lock;
  /** For the Worker; the root secret and the first key's hash are among them. */
  readonly settings: Readonly<Record<string, string>>;
  /** The first key, or undefined where the operator named another one's hash in FIRST_KEY_HASH. */
  readonly key?: string;
}

/** @throws ConfigError and CannotStart, before anything was started */
export function prepare(root: string, environment: NodeJS.ProcessEnv): Prepared {
  const manifest = readManifest(root);
  const all = readSettings(root, manifest, environment);
  const { config, local } = check(root, all, manifest.vars);
  const given = workerSettings(all, config);
  makeFolder(local.dataDir);
  const lock = takeLock(local.dataDir);
  const { GEARBOX_SECRET: secret, GEARBOX_SECRET_PREVIOUS: previous } = given;
  const secrets = { ...(secret !== undefined && { given: secret }), ...(previous !== undefined && { previous }) };
  const data = openData(local.dataDir, secrets, randomBytes);
  const settings = { FIRST_KEY_HASH: data.firstKeyHash, ...given, GEARBOX_SECRET: data.secret };
  const key = settings.FIRST_KEY_HASH === data.firstKeyHash ? { key: data.firstKey } : {};
  return { manifest, config, local, data, lock, settings, ...key };
}
