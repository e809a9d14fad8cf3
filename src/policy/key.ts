/**
 * A key: `gbx_<team>_<secret><check>`, all base62 of fixed lengths. The check is made with the root secret, so that
 * a stranger's guess is refused in the isolate and never addresses (and so creates) a Durable Object.
 * This format cannot change: keys are in people's hands. Runs in Node and in the Worker.
 */
import { createHash, createHmac, hkdfSync, timingSafeEqual } from "node:crypto";

/** What a genuine key says: whose it is, and the lower-case hex SHA-256 under which it is stored. */
export interface CheckedKey {
  readonly team: string;
  readonly hash: string;
}

/** Gives `length` random bytes: `crypto.getRandomValues` outside of tests. */
export type RandomBytes = (length: number) => Uint8Array;

const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const teamLength = 12;
const secretLength = 32;
const checkLength = 16;
const shape = new RegExp(
  `^gbx_([0-9A-Za-z]{${teamLength}})_([0-9A-Za-z]{${secretLength}})([0-9A-Za-z]{${checkLength}})$`,
);
const keyLength = "gbx__".length + teamLength + secretLength + checkLength;
/** A digest of 256 bits takes 43 digits: 62^42 < 2^256 < 62^43. */
const digestDigits = 43;

/**
 * Makes a key of a team.
 *
 * @param root the root secret, GEARBOX_SECRET
 * @param team 12 characters of base62, see {@link mintTeam}
 * @throws RangeError on another team: such a key could never be checked
 */
export function mintKey(root: string, team: string, random: RandomBytes): string {
  if (!new RegExp(`^[0-9A-Za-z]{${teamLength}}$`).test(team)) {
    throw new RangeError(`A team id has ${teamLength} characters of 0-9, A-Z and a-z.`);
  }
  const secret = randomDigits(secretLength, random);
  return `gbx_${team}_${secret}${checkOf(root, team, secret)}`;
}

/** Makes a team's id. */
export function mintTeam(random: RandomBytes): string {
  return randomDigits(teamLength, random);
}

/** Makes the id of something else, with 16 digits behind what it is. */
export function mintId(what: string, random: RandomBytes): string {
  return `${what}_${randomDigits(16, random)}`;
}

/**
 * Tells whose key this is, or undefined where none of the root secrets made it. Whether the key still holds is for
 * the team's object to say.
 *
 * @param roots the root secret and, while it is being replaced, the previous one
 */
export function checkKey(roots: readonly string[], key: string): CheckedKey | undefined {
  const [, team, secret, check] = key.length === keyLength ? (shape.exec(key) ?? []) : [];
  if (team === undefined || secret === undefined || check === undefined) return undefined;
  const given = Buffer.from(check);
  const isGenuine = roots.some((root) => timingSafeEqual(given, Buffer.from(checkOf(root, team, secret))));
  return isGenuine ? { team, hash: hashOf(key) } : undefined;
}

/** The name of a key wherever it must not be seen: lower-case hex SHA-256. */
export function hashOf(key: string): string {
  return createHash("sha256").update(key).digest("hex");
}

/** Derived keys by root secret: a process has one or two, and deriving costs more than the check itself. */
const derived = new Map<string, Uint8Array>();

function checkSecret(root: string): Uint8Array {
  const known = derived.get(root);
  if (known !== undefined) return known;
  const secret = new Uint8Array(hkdfSync("sha256", root, "", "gearbox key check", 32));
  derived.set(root, secret);
  return secret;
}

function checkOf(root: string, team: string, secret: string): string {
  return base62(createHmac("sha256", checkSecret(root)).update(`${team}_${secret}`).digest("hex")).slice(
    0,
    checkLength,
  );
}

/** The digest read as one big-endian number, written in base 62 (0-9, A-Z, a-z), highest digit first, 43 digits. */
function base62(hexDigest: string): string {
  let rest = BigInt(`0x${hexDigest}`);
  let text = "";
  for (let place = 0; place < digestDigits; place += 1) {
    text = digits.charAt(Number(rest % 62n)) + text;
    rest /= 62n;
  }
  return text;
}

/** Each digit is equally likely: bytes of 248 (4 x 62) and above are thrown away, not folded back. */
function randomDigits(length: number, random: RandomBytes): string {
  let text = "";
  while (text.length < length) {
    for (const byte of random(length - text.length)) {
      if (byte < 248) text += digits.charAt(byte % 62);
    }
  }
  return text;
}
