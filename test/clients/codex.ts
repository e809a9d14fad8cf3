/** The real Codex CLI, headless, in a home of its own (wire.md A.1). */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Harness } from "./harness.ts";
import { run, within } from "./program.ts";

export interface Asked {
  /** The model's name for Codex. */
  readonly model: string;
  /** Read the gateway's list of models? */
  readonly catalog?: boolean;
  /** More lines of the provider's table in the configuration. */
  readonly provider?: readonly string[];
  /** More arguments, given the folder of the run. */
  readonly args?: (home: string) => readonly string[];
}

export interface Ran {
  readonly code: number | null;
  /** The folder in which it worked. */
  readonly work: string;
  readonly events: readonly CodexEvent[];
  readonly errors: string;
}

/** One line of `codex exec --json`. */
export interface CodexEvent {
  readonly type: string;
  readonly item?: Readonly<Record<string, unknown>>;
  readonly usage?: Readonly<Record<string, number>>;
  readonly message?: string;
}

const binary = join(import.meta.dirname, "node_modules/@openai/codex/bin/codex.js");
const deadlineMs = 50_000;

/**
 * Lets Codex work on a task in its own sandbox, which may write in its folder alone. With full access it would also ask
 * for a live web search.
 */
export async function codex({ base, key, folder }: Harness, name: string, asked: Asked): Promise<Ran> {
  const home = await folder(name);
  const [work, config] = [join(home, "work"), join(home, ".codex")];
  await Promise.all([mkdir(work), mkdir(config)]);
  await writeFile(join(config, "config.toml"), settings(base, asked));
  const args = ["exec", "--skip-git-repo-check", "--json", "-s", "workspace-write"];
  const program = run({
    args: [binary, ...args, "Do the task.", ...(asked.args?.(home) ?? [])],
    cwd: work,
    env: { HOME: home, CODEX_HOME: config, PATH: process.env.PATH ?? "", GEARBOX_KEY: key },
  });
  const said = (): string => [...program.output, ...program.errors].join("\n");
  const code = await within(program.ended, deadlineMs, said).finally(() => program.stop(5000));
  const events = program.output.map((line) => JSON.parse(line) as CodexEvent);
  return { code, work, events, errors: program.errors.join("\n") };
}

/** Without `analytics` off, every run waits five seconds at its end. */
function settings(base: string, { model, catalog = false, provider = [] }: Asked): string {
  return [
    `model = "${model}"`,
    `model_provider = "gearbox"`,
    `model_reasoning_summary = "auto"`,
    "[analytics]",
    "enabled = false",
    "[model_providers.gearbox]",
    `name = "gearbox"`,
    `base_url = "${base}"`,
    `wire_api = "responses"`,
    `env_key = "GEARBOX_KEY"`,
    ...(catalog ? [`model_catalog_url = "${base}/models"`] : []),
    ...provider,
    "",
  ].join("\n");
}
