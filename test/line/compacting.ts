/** What the tests of compaction share: an agent's conversation, and how it is compacted at one of several providers. */
import { expect, inject } from "vitest";
import type { Turn } from "../sim/script.ts";
import { dataOf } from "./calls.ts";
import { type Gateway, gateway, play } from "./gateway.ts";

const sim = inject("sim");
export const modern = { base: `${sim}/v1`, speaks: ["responses"], secret: "COMPATIBLE_KEY", quirks: [] };
export const compatible = { base: `${sim}/v1`, speaks: ["chat"], secret: "COMPATIBLE_KEY" };
export const at = gateway({ PROVIDERS: { compatible, modern } });

export const prefixes = {
  anthropic: "claude-sonnet-5",
  gemini: "gemini-3-pro",
  compatible: "qwen",
  modern: "m",
} as const;
export type ProviderId = keyof typeof prefixes;
export const providers = Object.keys(prefixes) as ProviderId[];
export const cases = providers.flatMap((provider) => [true, false].map((stream) => ({ provider, stream })));

export const trigger = { type: "compaction_trigger" };
export const tools = [
  { type: "function", name: "look", parameters: { type: "object", properties: {} }, strict: false },
];
export const summary = "Looked here: nothing. Next: look there.";
export const usage = { input: 400, output: 50 };

export function said(role: string, text: string) {
  return { type: "message", role, content: [{ type: role === "assistant" ? "output_text" : "input_text", text }] };
}

/** What an agent has on its hands when it has looked once. */
export const history = [
  said("developer", "You find things."),
  said("user", "Find it."),
  { type: "function_call", call_id: "call_1", name: "look", arguments: '{"at":"here"}' },
  { type: "function_call_output", call_id: "call_1", output: "nothing-to-see" },
];

export const summed: Turn = { blocks: [{ text: summary }], usage };
export const done: Turn = { blocks: [{ text: "Found." }] };

export interface Item {
  readonly type: string;
  readonly encrypted_content?: string;
  readonly [member: string]: unknown;
}

export interface Told {
  readonly status: string;
  readonly output: Item[];
  readonly usage: unknown;
  readonly [member: string]: unknown;
}

/** The response object of an answer, streamed or not, and of a stream also its items one by one. */
export async function told(answer: Response): Promise<{ response: Told; items: Item[] }> {
  const text = await answer.text();
  if (!answer.headers.get("content-type")?.includes("event-stream")) {
    const response = JSON.parse(text);
    return { response, items: response.output };
  }
  const events = dataOf(text).filter((data) => data !== "[DONE]");
  expect(events.map((event) => event.sequence_number)).toEqual(events.map((_, place) => place));
  const items = events.flatMap(({ type, item }) => (type === "response.output_item.done" ? [item as Item] : []));
  return { response: events.at(-1)?.response as Told, items };
}

/** A conversation compacted at this provider, by the key of the gateway or another one. */
export async function compact(provider: ProviderId, name: string, stream = false, post = at.post) {
  const model = `${prefixes[provider]}-${name}-${stream}`;
  await play(model, summed);
  const answer = await post("/v1/responses", {
    ...{ model: `${provider}/${model}`, stream, tools, store: false },
    input: [...history, trigger],
  });
  expect(answer.status).toBe(200);
  return { model, answer, ...(await told(answer)) };
}

export async function rows({ deps, team, idle }: Gateway, of = team) {
  await idle();
  return (await deps.store.calls(of, undefined, 100)).items;
}
