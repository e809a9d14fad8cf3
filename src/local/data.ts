/** The data folder: the root secret and the first key, made once and kept, readable by their owner only. */
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { checkKey, mintKey, mintTeam, type RandomBytes } from "../policy/key.ts";
import { CannotStart } from "./cannot-start.ts";

export interface Data {
  readonly secret: string;
  readonly firstKey: string;
  /** Lower-case hex SHA-256 of the first key. */
  readonly firstKeyHash: string;
  /** Was the kept key replaced, because another root secret than today's had made it? */
  readonly isKeyRenewed: boolean;
}

export interface Secrets {
  /** GEARBOX_SECRET, where the operator set one: it is used and not kept. */
  readonly given?: string;
  /** GEARBOX_SECRET_PREVIOUS: keys that it made still hold. */
  readonly previous?: string;
}

/** Opens the folder, making what is missing. Its lock must be held, else two first starts make two secrets. */
export function openData(folder: string, secrets: Secrets, random: RandomBytes): Data {
  makeFolder(folder);
  const secret = secrets.given ?? keep(join(folder, "secret"), () => mintSecret(random));
  const roots = secrets.previous === undefined ? [secret] : [secret, secrets.previous];
  const keyFile = join(folder, "first-key");
  const hadKey = existsSync(keyFile);
  const kept = keep(keyFile, () => mintKey(secret, mintTeam(random), random));
  const checked = checkKey(roots, kept);
  if (checked !== undefined) return { secret, firstKey: kept, firstKeyHash: checked.hash, isKeyRenewed: false };
  const firstKey = mintKey(secret, mintTeam(random), random);
  write(keyFile, firstKey);
  const firstKeyHash = checkKey(roots, firstKey)?.hash ?? "";
  return { secret, firstKey, firstKeyHash, isKeyRenewed: hadKey };
}

/** Makes the folder, closed to everybody else. @throws CannotStart */
export function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    chmodSync(folder, 0o700);
  } catch (thrown) {
    const cause = thrown instanceof Error ? thrown.message : String(thrown);
    throw new CannotStart(
      `The data folder ${folder} cannot be used (${cause}). Set DATA_DIR to one that this user owns.`,
    );
  }
}

/** A root secret: 256 bits, 43 characters. */
export function mintSecret(random: RandomBytes): string {
  return Buffer.from(random(32)).toString("base64url");
}

/** What the file holds; made now if there is none. */
function keep(file: string, make: () => string): string {
  if (!existsSync(file)) write(file, make());
  chmodSync(file, 0o600);
  return readFileSync(file, "utf8").trim();
}

/** Written beside its place and then put there whole, so that a crash never leaves half a secret. */
function write(file: string, text: string): void {
  writeFileSync(`${file}.new`, `${text}\n`, { mode: 0o600, flush: true });
  renameSync(`${file}.new`, file);
}
