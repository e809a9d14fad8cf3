/**
 * Reasoning in a token: what one provider signed or encrypted, carried through a caller that speaks another protocol, and
 * back. AES-256-GCM under a key of the team's own, so no other team can open it and nobody can forge one; who made it
 * (provider, model, credential) is inside, so it only goes back there. Without padding or state: the caller keeps it.
 *
 * Token: `gbxr1` and base64url of key id (4 bytes), nonce (12), ciphertext, tag (16).
 */
import { createCipheriv, createDecipheriv, createHash, hkdfSync } from "node:crypto";
import { defined, isObj, type Json, list, type Obj, obj, text } from "../canon/json.ts";
import type { Ext, ProtocolId, Reasoning } from "../canon/request.ts";
import type { Config } from "../config.ts";

const prefix = "gbxr1";
/** How the name of a token begins that is kept by the gateway, because it is too long for where it has to ride. */
const namePrefix = "gbxk";
/** How a token begins that a Gemini caller carries: its field must be base64, so the token is encoded once more. */
const encodedPrefix = "Z2J4cj";
const nonceBytes = 12;
const tagBytes = 16;
const idBytes = 4;
const protocols: readonly ProtocolId[] = ["chat", "responses", "messages", "gemini"];

export interface Sealer {
  seal(block: Reasoning, origin: string): string;
  /** `undefined` for what is no token of ours, of another team's, damaged, or sealed under a forgotten secret. */
  open(token: string): Reasoning | undefined;
}

/**
 * `roots`: the current root secret, then the previous one. `kept`: the tokens that the call in hand names, by name; what
 * opens a token opens its name too.
 */
export function sealer(
  roots: readonly string[],
  team: string,
  random: (bytes: number) => Uint8Array,
  kept: ReadonlyMap<string, string> = new Map(),
): Sealer {
  let derived: Key[] | undefined;
  const keys = (): Key[] => {
    derived ??= roots.map((root) => deriveKey(root, team));
    return derived;
  };
  return {
    seal(block, origin) {
      const [key] = keys();
      if (key === undefined) throw new Error("sealing needs a root secret");
      const nonce = random(nonceBytes);
      const cipher = createCipheriv("aes-256-gcm", key.secret, nonce);
      const sealed = Buffer.concat([cipher.update(JSON.stringify(content(block, origin)), "utf8"), cipher.final()]);
      return prefix + Buffer.concat([key.id, nonce, sealed, cipher.getAuthTag()]).toString("base64url");
    },
    open(given) {
      const token = kept.get(given) ?? given;
      if (!token.startsWith(prefix)) return undefined;
      const bytes = Buffer.from(token.slice(prefix.length), "base64url");
      const key = keys().find(({ id }) => id.equals(bytes.subarray(0, idBytes)));
      if (key === undefined || bytes.length < idBytes + nonceBytes + tagBytes) return undefined;
      const plain = decipher(key, bytes.subarray(idBytes));
      return plain === undefined ? undefined : block(JSON.parse(plain) as Json);
    },
  };
}

/** The sealer of one team at this gateway. */
export function teamSealer(
  config: Pick<Config, "secret" | "previousSecret">,
  team: string,
  random: (bytes: number) => Uint8Array,
  kept?: ReadonlyMap<string, string>,
): Sealer {
  return sealer(rootsOf(config), team, random, kept);
}

/** The secrets of which keys and tokens may come, the newest first. */
export function rootsOf({ secret, previousSecret }: Pick<Config, "secret" | "previousSecret">): readonly string[] {
  return previousSecret === undefined ? [secret] : [secret, previousSecret];
}

interface Key {
  readonly id: Buffer;
  readonly secret: Buffer;
}

function deriveKey(root: string, team: string): Key {
  const secret = Buffer.from(hkdfSync("sha256", root, team, "gearbox sealed reasoning", 32));
  return { secret, id: createHash("sha256").update("key id").update(secret).digest().subarray(0, idBytes) };
}

function decipher(key: Key, bytes: Buffer): string | undefined {
  const open = createDecipheriv("aes-256-gcm", key.secret, bytes.subarray(0, nonceBytes));
  open.setAuthTag(bytes.subarray(-tagBytes));
  try {
    return open.update(bytes.subarray(nonceBytes, -tagBytes)).toString("utf8") + open.final("utf8");
  } catch {
    return undefined;
  }
}

/** A new name for a token that is kept; nobody guesses one. */
export function tokenName(random: (bytes: number) => Uint8Array): string {
  return namePrefix + Buffer.from(random(12)).toString("hex");
}

/** Is it such a name? */
export function isTokenName(value: string): boolean {
  return value.startsWith(namePrefix);
}

/** With `ext`: what the maker's codec has no word for belongs to the block, which has to come back as it was. */
function content(block: Reasoning, origin: string): object {
  const { protocol, value, kind } = block.native ?? {};
  return { origin, protocol, kind, value, summary: block.summary, content: block.content, ext: block.ext };
}

function block(json: Json): Reasoning | undefined {
  const { origin, protocol, kind, value, summary, content, ext } = obj(json);
  const maker = protocols.find((id) => id === protocol);
  const proof = text(value);
  if (maker === undefined || proof === undefined) return undefined;
  const strings = (parts: unknown): string[] => list(parts).filter((part) => typeof part === "string");
  return defined({
    type: "reasoning" as const,
    summary: strings(summary),
    content: content === undefined ? undefined : strings(content),
    native: defined({ protocol: maker, value: proof, kind: text(kind), origin: text(origin) }),
    ext: isObj(ext) ? readExt(ext) : undefined,
  });
}

function readExt(ext: Obj): Ext {
  return Object.fromEntries(protocols.flatMap((id) => (isObj(ext[id]) ? [[id, ext[id]]] : [])));
}

/** May these bytes hold a token of ours? A quick look, before anything is parsed. */
export function mayHoldToken(bytes: Uint8Array): boolean {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return [`"${prefix}`, `"${encodedPrefix}`, `_${prefix}`, `_${namePrefix}`].some((sign) => text.includes(sign));
}

/**
 * A relayed body's value without our tokens: the provider at the other end would refuse what it did not make. The item
 * or block whose only use is to carry one goes with it.
 */
export function withoutTokens(value: Json): Json {
  if (Array.isArray(value)) return value.filter((each) => !carriesToken(each)).map(withoutTokens);
  if (!isObj(value)) return value;
  const kept = Object.entries(value).filter(([, member]) => !isToken(member));
  return Object.fromEntries(
    kept.map(([name, member]) => [name, member === undefined ? member : withoutTokens(member)]),
  );
}

const carriers = new Set(["reasoning", "thinking", "redacted_thinking"]);

function carriesToken(value: Json): boolean {
  return isObj(value) && carriers.has(text(value.type) ?? "") && Object.values(value).some(isToken);
}

/** Is it a token of ours, of whatever team and whether it opens or not? */
export function isToken(value: unknown): value is string {
  return typeof value === "string" && (value.startsWith(prefix) || value.startsWith(encodedPrefix));
}
