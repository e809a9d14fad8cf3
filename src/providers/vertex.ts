/**
 * Vertex AI's credential: a service account's key signs a claim, which buys a token for an hour (RFC 7523). The token is
 * kept in the isolate as plain data, since a promise of one request must not be awaited by another.
 */
import { createHash } from "node:crypto";
import { type Obj, obj, text } from "../canon/json.ts";
import { Fault } from "../fault.ts";
import type { Network } from "./network.ts";

interface Token {
  readonly value: string;
  /** Milliseconds since 1970. */
  readonly endsAt: number;
}

const lifetimeS = 3600;
/** A token is given up this long before its end, so that it does not end on the way. */
const marginMs = 120_000;
const tokensKept = 16;
const scope = "https://www.googleapis.com/auth/cloud-platform";
const usualTokenUri = "https://oauth2.googleapis.com/token";

const tokens = new Map<string, Token>();

/** A token of this service account, from the last hour or new. Fault `credential` where Google gives none. */
export async function googleToken(credential: string, network: Network): Promise<string> {
  const name = createHash("sha256").update(credential).digest("hex");
  const kept = tokens.get(name);
  if (kept !== undefined && kept.endsAt - marginMs > network.now) return kept.value;
  const token = await buyToken(obj(JSON.parse(credential)), network);
  if (tokens.size >= tokensKept) tokens.clear();
  tokens.set(name, token);
  return token.value;
}

/** The project that a service account belongs to. */
export function projectOf(credential: string): string {
  return text(obj(JSON.parse(credential)).project_id) ?? "";
}

async function buyToken(account: Obj, { fetch, now, isPrivate }: Network): Promise<Token> {
  const uri = text(account.token_uri) ?? usualTokenUri;
  const issuedAt = Math.floor(now / 1000);
  const claims = { iss: account.client_email, scope, aud: uri, iat: issuedAt, exp: issuedAt + lifetimeS };
  const assertion = await signClaims(claims, account);
  const grant = "urn:ietf:params:oauth:grant-type:jwt-bearer";
  const answer = await fetch(
    uri,
    { method: "POST", body: new URLSearchParams({ grant_type: grant, assertion }), redirect: "manual" },
    isPrivate,
  );
  const body = obj(await answer.json().catch(() => undefined));
  const value = text(body.access_token);
  if (!answer.ok || value === undefined) {
    const cause = { status: answer.status, error: body.error, description: body.error_description };
    throw new Fault("credential", "Google does not accept the gateway's service account.", { cause });
  }
  const lastsS = typeof body.expires_in === "number" ? body.expires_in : lifetimeS;
  return { value, endsAt: now + lastsS * 1000 };
}

async function signClaims(claims: object, account: Obj): Promise<string> {
  const header = {
    alg: "RS256",
    typ: "JWT",
    ...(account.private_key_id !== undefined && { kid: account.private_key_id }),
  };
  const input = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
  try {
    return `${input}.${await signRs256(input, text(account.private_key) ?? "")}`;
  } catch (cause) {
    throw new Fault("credential", "The gateway's service account has a key that cannot sign.", { cause });
  }
}

/** The signature of a JWS (RFC 7515, A.2), in base64url. `pem`: a PKCS #8 key. */
export async function signRs256(input: string, pem: string): Promise<string> {
  const der = Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ""), "base64");
  const algorithm = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("pkcs8", der, algorithm, false, ["sign"]);
  return Buffer.from(await crypto.subtle.sign(algorithm.name, key, Buffer.from(input))).toString("base64url");
}
