/** Agents of others, headless, each in an empty home of its own (wire.md E.1). */

import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type Anthropic from "@anthropic-ai/sdk";
import { type Obj, obj, str } from "../sim/json.ts";
import { usageOf } from "./anthropic-client.ts";
import type { Answer } from "./conversation.ts";
import type { Egress } from "./errand.ts";
import type { Harness } from "./harness.ts";
import { run, within } from "./program.ts";

export interface Agent {
  readonly name: string;
  /** The tool with which it runs a line in its shell. */
  readonly shell: string;
  /** How it is run with a model of the gateway, given its home. */
  readonly command: (harness: Harness, model: string, home: string) => Command;
  /** Does it give calls ids of its own? The simulator then does not know its own answer again. */
  readonly renames?: boolean;
  /** The protocols of the providers that it is tried with. */
  readonly over: readonly Egress[];
  /** What it tells of its work at the end. */
  readonly report: (output: readonly string[]) => Report;
}

export interface Report {
  /** Its last words. */
  readonly said: string;
  /** The tokens of all that it asked. */
  readonly usage: Answer["usage"];
}

export interface Command {
  readonly binary?: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Files to lie in its home before, by path. */
  readonly files: Readonly<Record<string, unknown>>;
}

export interface Ran extends Report {
  /** The folder in which it worked. */
  readonly work: string;
}

const task = "Write the file made.txt.";
const deadlineMs = 55_000;
const modules = join(import.meta.dirname, "node_modules");

const geminiCli: Agent = {
  name: "gemini-cli",
  shell: "run_shell_command",
  over: ["responses", "chat", "messages", "gemini"],
  command: ({ origin, key }, model) => ({
    args: [
      join(modules, "@google/gemini-cli/bundle/gemini.js"),
      ...["-m", model, "--approval-mode", "yolo", "--skip-trust", "-p", task, "--output-format", "json"],
    ],
    env: {
      GEMINI_API_KEY: key,
      GOOGLE_GEMINI_BASE_URL: origin,
      GEMINI_CLI_TRUST_WORKSPACE: "true",
      GEMINI_TELEMETRY_ENABLED: "false",
      NO_COLOR: "1",
    },
    files: { ".gemini/settings.json": { security: { auth: { selectedType: "gemini-api-key" } } } },
  }),
  report(output) {
    const { response, stats } = JSON.parse(output.join("\n")) as { response: string; stats: { models: Obj } };
    const [of] = Object.values(stats.models);
    const { prompt = 0, cached = 0, candidates = 0, thoughts = 0 } = obj(of).tokens as Record<string, number>;
    return { said: response, usage: { input: prompt, cached, output: candidates + thoughts, reasoning: thoughts } };
  },
};

const claudeCode: Agent = {
  name: "claude-code",
  shell: "Bash",
  over: ["responses", "chat", "messages", "gemini"],
  command: ({ origin, key }, model) => ({
    binary: join(modules, `@anthropic-ai/claude-code-linux-${process.arch}/claude`),
    args: ["-p", task, "--model", model, "--output-format", "json", "--permission-mode", "bypassPermissions"],
    env: {
      ANTHROPIC_BASE_URL: origin,
      ANTHROPIC_API_KEY: key,
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
      DISABLE_AUTOUPDATER: "1",
      IS_SANDBOX: "1",
    },
    files: {},
  }),
  report(output) {
    const { result, usage } = JSON.parse(output.join("\n")) as { result: string; usage: Anthropic.Usage };
    return { said: result, usage: usageOf(usage) };
  },
};

/** With the AI SDK's provider for each protocol. */
const packages = {
  responses: { npm: "@ai-sdk/openai", path: "/v1" },
  chat: { npm: "@ai-sdk/openai-compatible", path: "/v1" },
  messages: { npm: "@ai-sdk/anthropic", path: "/v1" },
  gemini: { npm: "@ai-sdk/google", path: "/v1beta" },
} as const;

/** It takes longer than the others to begin, so that it is tried with two of the other protocols each. */
const foreign = {
  responses: ["messages", "gemini"],
  chat: ["messages", "gemini"],
  messages: ["responses", "gemini"],
  gemini: ["responses", "messages"],
} as const;

interface OpenCodeTokens {
  readonly input: number;
  readonly output: number;
  readonly reasoning: number;
  readonly cache: { readonly read: number; readonly write: number };
}

const openCodes = (["responses", "chat", "messages", "gemini"] as const).map(
  (protocol): Agent => ({
    name: `opencode-${protocol}`,
    shell: "bash",
    over: foreign[protocol],
    renames: protocol === "gemini",
    command: ({ origin, key }, model, home) => {
      const { npm, path } = packages[protocol];
      // The AI SDK takes a name with a slash for Google's whole path.
      const id = protocol === "gemini" ? `models/${model}` : model;
      const facts = { tool_call: true, reasoning: true, limit: { context: 200_000, output: 8000 } };
      const titles = id.replace(model, "compatible/titles");
      const models = { [id]: facts, [titles]: facts };
      const gearbox = { npm, options: { baseURL: origin + path, apiKey: key }, models };
      return {
        binary: join(modules, "opencode-linux-x64/bin/opencode"),
        args: ["run", "--model", `gearbox/${id}`, task, "--format", "json"],
        env: {
          OPENCODE_CONFIG: join(home, "opencode.json"),
          OPENCODE_DISABLE_AUTOUPDATE: "1",
          OPENCODE_DISABLE_MODELS_FETCH: "1",
          OPENCODE_DISABLE_LSP_DOWNLOAD: "1",
        },
        files: {
          "opencode.json": {
            autoupdate: false,
            share: "disabled",
            provider: { gearbox },
            model: `gearbox/${id}`,
            small_model: `gearbox/${titles}`,
            permission: { bash: "allow", edit: "allow" },
          },
        },
      };
    },
    report(output) {
      const parts = output.map((line) => obj(obj(JSON.parse(line)).part));
      const said = parts.flatMap(({ type, text }) => (type === "text" ? [str(text)] : [])).at(-1) ?? "";
      const counts = parts.flatMap(({ type, tokens }) => (type === "step-finish" ? [tokens as OpenCodeTokens] : []));
      return { said, usage: counts.map(usageOfStep).reduce(sum) };
    },
  }),
);

function usageOfStep({ input, output, reasoning, cache }: OpenCodeTokens): Answer["usage"] {
  return { input: input + cache.read + cache.write, cached: cache.read, output: output + reasoning, reasoning };
}

function sum(one: Answer["usage"], other: Answer["usage"]): Answer["usage"] {
  return {
    input: one.input + other.input,
    cached: one.cached + other.cached,
    output: one.output + other.output,
    reasoning: one.reasoning + other.reasoning,
  };
}

/** OpenCode's own package wants one for each platform, which not every registry has; so only that of one is here. */
export const agents: readonly Agent[] = [geminiCli, claudeCode, ...(process.arch === "x64" ? openCodes : [])];

/** Lets an agent work on the task in a folder of its own. */
export async function work(harness: Harness, agent: Agent, name: string, model: string): Promise<Ran> {
  const home = await harness.folder(name);
  const folder = join(home, "work");
  await mkdir(folder);
  const { files, env, ...command } = agent.command(harness, model, home);
  for (const [path, content] of Object.entries(files)) {
    await mkdir(join(home, path, ".."), { recursive: true });
    await writeFile(join(home, path), JSON.stringify(content));
  }
  const program = run({ ...command, cwd: folder, env: { HOME: home, PATH: process.env.PATH ?? "", ...env } });
  const heard = (): string => [...program.output, ...program.errors].join("\n");
  const code = await within(program.ended, deadlineMs, heard).finally(() => program.stop(5000));
  if (code !== 0) throw new Error(`${agent.name} ended with ${code}: ${heard()}`);
  return { work: folder, ...agent.report(program.output) };
}
