/** The two settings that put the store on Upstash Redis. */
import type { Problem } from "../config-error.ts";

const names = ["UPSTASH_REDIS_REST_URL", "UPSTASH_REDIS_REST_TOKEN"] as const;

export const upstashSettings: readonly string[] = names;

/** Where the store is, or `undefined` for Durable Objects. One of the two alone is a mistake. */
export function readUpstash(
  env: Readonly<Record<string, unknown>>,
  report: (problem: Problem) => void,
): { readonly url: string; readonly token: string } | undefined {
  const [url, token] = names.map((name) => env[name]).map((value) => (typeof value === "string" ? value : ""));
  if (url === "" && token === "") return undefined;
  const fix = "Copy both from Upstash's console (REST API), or leave both out to keep the store in Durable Objects.";
  for (const name of names) {
    if (env[name] === undefined || env[name] === "")
      report({ path: name, message: "is missing beside the other", fix });
  }
  if (url !== undefined && url !== "" && !(URL.canParse(url) && /^https?:$/.test(new URL(url).protocol))) {
    report({ path: "UPSTASH_REDIS_REST_URL", message: "is no http or https URL", fix });
  }
  return { url: url ?? "", token: token ?? "" };
}
