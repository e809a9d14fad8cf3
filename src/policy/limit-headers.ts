/** Where the caller stands with its limits, in the headers that its own SDK knows. Pure. */
import type { ProtocolId } from "../canon/request.ts";
import type { Charges, Level } from "../stores/store.ts";

interface Standing {
  readonly limit: number;
  readonly level: Level;
}

/** OpenAI's two kinds, and Anthropic's finer ones, by what a meter counts. Gemini has no such headers. */
const dialects = {
  chat: { requests: "requests", tokens: "tokens", input: "tokens", output: "tokens" },
  responses: { requests: "requests", tokens: "tokens", input: "tokens", output: "tokens" },
  messages: { requests: "requests", tokens: "tokens", input: "input-tokens", output: "output-tokens" },
  gemini: {},
} as const satisfies Record<ProtocolId, Readonly<Record<string, string>>>;

/** Of several limits of a kind the one that has the least left. `levels` are those of `charges`, in order. */
export function limitHeaders(
  protocol: ProtocolId,
  { rates }: Charges,
  levels: readonly Level[],
  now: number,
): Record<string, string> {
  const words: Readonly<Record<string, string>> = dialects[protocol];
  const tightest = new Map<string, Standing>();
  rates.forEach(({ meter, limit }, at) => {
    const level = levels[at];
    const kind = words[meter.slice(meter.lastIndexOf("/") + 1)];
    if (level === undefined || kind === undefined) return;
    const other = tightest.get(kind);
    if (other === undefined || level.left < other.level.left) tightest.set(kind, { limit, level });
  });
  return Object.fromEntries([...tightest].flatMap(([kind, standing]) => said(protocol, kind, standing, now)));
}

function said(protocol: ProtocolId, kind: string, { limit, level }: Standing, now: number): [string, string][] {
  const isAnthropic = protocol === "messages";
  const name = (what: string): string =>
    isAnthropic ? `anthropic-ratelimit-${kind}-${what}` : `x-ratelimit-${what}-${kind}`;
  const reset = isAnthropic ? new Date(now + level.resetMs).toISOString() : duration(level.resetMs);
  return [
    [name("limit"), String(limit)],
    [name("remaining"), String(level.left)],
    [name("reset"), reset],
  ];
}

/** As OpenAI writes it: `12ms`, `1.5s`, `6m0s`. */
function duration(ms: number): string {
  if (ms < 1000) return `${ms}ms`;
  const minutes = Math.floor(ms / 60_000);
  const seconds = (ms - minutes * 60_000) / 1000;
  return minutes === 0 ? `${seconds}s` : `${minutes}m${seconds}s`;
}
