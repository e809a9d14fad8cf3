/** What is printed once the gateway is up: enough to make a first call by pasting one line. */
import { type Config, isOn } from "../config.ts";
import type { Provider } from "../providers/provider.ts";

export interface Greeting {
  /** `http://host:port`. */
  readonly url: string;
  /** The first key; undefined where the operator set another. */
  readonly key?: string;
  readonly isKeyRenewed: boolean;
  readonly config: Config;
  readonly isSimulated: boolean;
  readonly dataDir: string;
}

/** A model to try, by provider of the catalog. */
const samples: Readonly<Record<string, string>> = {
  openai: "gpt-5.5",
  anthropic: "claude-sonnet-5",
  gemini: "gemini-flash-latest",
  simulated: "demo",
};

/** The lines, without the line ends. */
export function greeting(facts: Greeting): readonly string[] {
  const { config, isSimulated, url } = facts;
  const on = [...config.providers.values()].filter((provider) => isOn(provider, config));
  const model = sampleModel(config, on);
  const key = facts.key ?? "$GEARBOX_KEY";
  const body = JSON.stringify({ model, messages: [{ role: "user", content: "Say hello." }] });
  return [
    ...(isSimulated ? notSet(config) : []),
    ...(facts.isKeyRenewed
      ? ["The kept key was made with another GEARBOX_SECRET and is void; here is a new one."]
      : []),
    "",
    `  base URL   ${url}/v1`,
    `  key        ${facts.key ?? "the one whose hash FIRST_KEY_HASH is (put it into GEARBOX_KEY)"}`,
    `  model      ${model}`,
    `  providers  ${on.map((provider) => provider.id).join(", ")}`,
    `  data       ${facts.dataDir}`,
    "",
    `curl ${url}/v1/chat/completions -H "authorization: Bearer ${key}" -H "content-type: application/json" -d '${body}'`,
    "",
  ];
}

function notSet(config: Config): readonly string[] {
  const off = [...config.providers.values()].filter((provider) => !isOn(provider, config));
  const secrets = [...new Set(off.flatMap((provider) => provider.secret ?? []))];
  const named = [...secrets.slice(0, 3), ...(secrets.length > 3 ? [`${secrets.length - 3} more`] : [])].join(", ");
  return [
    `No provider has a credential (${named}): a simulated provider runs beside the gateway.`,
    "Its answers are made up and labelled as simulated.",
  ];
}

/** An alias of the operator's, a model known to exist, or a place for the reader to fill in. */
function sampleModel(config: Config, on: readonly Provider[]): string {
  const [alias] = [...config.aliases].find(([, [model = ""]]) => on.some(({ id }) => model.startsWith(`${id}/`))) ?? [];
  if (alias !== undefined) return alias;
  const [first] = [...on].sort((left, right) => Number(left.id in samples) - Number(right.id in samples)).reverse();
  const name =
    first === undefined ? undefined : (samples[first.id] ?? first.models?.find((start) => !start.endsWith("-")));
  return `${first?.id ?? "provider"}/${name ?? "MODEL"}`;
}
