/** Our gateway as `npm start` serves it, with a key of the benchmark's own and the mock as its only providers. */
import { randomBytes } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { ProtocolId } from "../../src/canon/request.ts";
import type { Bundle } from "../../src/local/bundle.ts";
import type { Children } from "../../src/local/children.ts";
import { mintSecret } from "../../src/local/data.ts";
import { serve } from "../../src/local/gateway.ts";
import type { Manifest } from "../../src/local/settings.ts";
import { checkKey, mintKey, mintTeam } from "../../src/policy/key.ts";
import type { Host } from "./hosts.ts";

export interface GatewayPlace {
  readonly bundle: Bundle;
  readonly manifest: Manifest;
  /** A folder of its own, for the Durable Objects. */
  readonly folder: string;
  /** The mock's address, without a path. */
  readonly upstream: string;
  /** Beside the benchmark's own. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Providers beside the mock's, as in `PROVIDERS`. */
  readonly others?: Readonly<Record<string, object>>;
}

/** Each protocol is a provider that speaks nothing else, so that a model `messages/…` says which lane is taken. */
export async function serveGateway(place: GatewayPlace, children: Children): Promise<Host> {
  const secret = mintSecret(randomBytes);
  const key = mintKey(secret, mintTeam(randomBytes), randomBytes);
  const settings = {
    GEARBOX_SECRET: secret,
    FIRST_KEY_HASH: checkKey([secret], key)?.hash ?? "",
    PROVIDERS: JSON.stringify({ ...providers(place.upstream), ...place.others }),
    UPSTREAM_KEY: "credential-of-the-benchmark",
    ...place.settings,
  };
  const objects = join(place.folder, "objects");
  mkdirSync(objects, { recursive: true });
  const local = { port: 0, host: "127.0.0.1", dataDir: place.folder };
  const { bundle, manifest } = place;
  const { child, url } = await serve({ bundle, manifest, local, settings, objects }, children, console.error);
  return { child, port: Number(new URL(url).port), headers: { authorization: `Bearer ${key}` } };
}

function providers(upstream: string): Record<string, object> {
  const speaking = (protocol: ProtocolId, base: string, auth: string): object => {
    return { base, speaks: [protocol], auth, secret: "UPSTREAM_KEY" };
  };
  return {
    chat: speaking("chat", `${upstream}/v1`, "bearer"),
    responses: speaking("responses", `${upstream}/v1`, "bearer"),
    messages: speaking("messages", upstream, "x-api-key"),
    gemini: speaking("gemini", upstream, "x-goog-api-key"),
  };
}
