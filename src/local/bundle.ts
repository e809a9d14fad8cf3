/** The Worker as files: what `wrangler deploy` would upload, made by wrangler itself without a network. */
import { readdirSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { CannotStart } from "./cannot-start.ts";
import { modulesOf } from "./capnp.ts";
import type { Children } from "./children.ts";

/** The entry and its companions, as names of files in `folder`. */
export interface Bundle {
  readonly folder: string;
  readonly modules: readonly string[];
}

/** Wrangler's command, run without its launcher, which would be one more process to end. */
export const wrangler = createRequire(import.meta.url).resolve("wrangler");

/** Keeps wrangler from asking the network for updates, Cloudflare's sample data and telemetry (all were seen). */
export const offline = {
  CLOUDFLARE_CF_FETCH_ENABLED: "false",
  WRANGLER_HIDE_BANNER: "true",
  WRANGLER_SEND_METRICS: "false",
  WRANGLER_SEND_ERROR_REPORTS: "false",
  WRANGLER_WRITE_LOGS: "false",
} as const;

/** Makes the bundle anew. The folder is emptied: modules are named by content, and stale ones would be served too. */
export async function bundle(root: string, folder: string, children: Children): Promise<Bundle> {
  rmSync(folder, { recursive: true, force: true });
  const said: string[] = [];
  const child = children.run({
    file: process.execPath,
    args: [wrangler, "deploy", "--dry-run", "--minify", "--config", join(root, "wrangler.toml"), "--outdir", folder],
    env: { ...process.env, ...offline, WRANGLER_LOG: "warn", FORCE_COLOR: "0" },
    onLine: (line) => said.push(line),
  });
  const outcome = await child.ended;
  if (outcome !== 0) throw new CannotStart(`The Worker could not be bundled (${outcome}):\n${said.join("\n")}`);
  return { folder, modules: modulesOf(readdirSync(folder), "index.js") };
}
