/** `npm run deploy`: checks wrangler.toml, then `wrangler deploy` with the given arguments (`-- --dry-run`, `-- --env x`). */
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { wrangler } from "./bundle.ts";
import type { Children } from "./children.ts";
import { script } from "./script.ts";
import { check, readManifest } from "./settings.ts";

const root = resolve(import.meta.dirname, "../..");

await script(deploy);

/** Only the vars are checked: they are what is deployed, while the secrets are on Cloudflare and cannot be read. */
async function deploy(children: Children, stopped: Promise<void>): Promise<number> {
  const args = process.argv.slice(2);
  const options = { env: { type: "string", short: "e" } } as const;
  const { env } = parseArgs({ args, options, strict: false }).values;
  const { vars } = readManifest(root, typeof env === "string" ? env : undefined);
  check(root, vars, vars);
  const child = children.run({
    file: process.execPath,
    args: [wrangler, "deploy", "--config", resolve(root, "wrangler.toml"), ...args],
    env: process.env,
    onLine: (line, descriptor) => (descriptor === 2 ? console.error(line) : console.log(line)),
  });
  void stopped.then(() => child.end("SIGTERM"));
  const outcome = await child.ended;
  return typeof outcome === "number" ? outcome : 1;
}
