/**
 * What the policy is held against, as effort-bench calls it: `ANCHOR=plain node bench.mjs test/bench/effort-anchors.mjs
 * DATA.jsonl.gz`. Anchors: `medium` and `high` for every call; the length of the `prompt` and of the `context`; the scoring
 * idea that LiteLLM publishes (`lexical`), rebuilt; twelve `plain` features of the loop, by the tools' names alone. Cut
 * points lie where half, a quarter and a tenth of the development set's calls are above them; LiteLLM's are its own.
 */
import { isHarness } from "../../src/effort/words.ts";

const anchors = {
  medium: { score: () => 0, cuts: [-1, 1, 1] },
  high: { score: () => 0, cuts: [-1, -1, 1] },
  prompt: { score: ({ prompt }) => prompt.length, cuts: [96, 253, 1_774] },
  context: { score: ({ size }) => size, cuts: [233_000, 424_000, 666_000] },
  lexical: { score: lexical, cuts: [0.15, 0.35, 0.6] },
  plain: { score: plain, cuts: [-0.08, 0.3, 0.8] },
};

const { score, cuts } = anchors[process.env.ANCHOR ?? "plain"];
const levels = ["low", "medium", "high", "xhigh"];

export function decide({ input }) {
  const value = score(read(input));
  return { effort: levels[cuts.filter((cut) => value >= cut).length], score: value };
}

/** Where the loop stands, read from the start each time: an anchor need not be fast. */
function read(input) {
  const state = { prompt: "", size: 0, isStart: false, calls: 0, looks: 0, row: 0, news: 0, last: "", given: 0, at: 0 };
  for (const item of input) {
    const text = item.content?.[0]?.text ?? item.arguments ?? item.output ?? item.encrypted_content ?? "";
    state.size += text.length;
    if (item.type === "message" && item.role === "user") {
      if (isHarness(text)) continue;
      Object.assign(state, { prompt: text, isStart: true, calls: 0, looks: 0, row: 0, news: text.length });
    } else if (item.type === "function_call") {
      const isLook = looks.test(item.name) || commands.test(text.slice(0, 200));
      const row = isLook ? state.row + 1 : 0;
      const begins = state.isStart || state.news > 0;
      Object.assign(state, { last: item.name, given: text.length, isStart: false, row, at: state.at + 1 });
      state.calls += begins ? 1 : 0;
      state.looks += isLook ? 1 : 0;
      state.news = 0;
    } else if (item.type === "function_call_output") state.news += text.length;
    else state.isStart = false;
  }
  return state;
}

const looks = /^(?:Read|Grep|Glob|LS|WebFetch|WebSearch|view_image|read_file|search)/;
const commands = /"(?:cmd|command)":\s*"(?:cat|sed -n|nl|head|tail|ls|rg|grep|find|git (?:diff|log|show))\b/;

/** Weight of each feature, and its mean and deviation over the development set, by which it is scaled. */
function plain(state) {
  let sum = 0;
  for (const [weight, mean, deviation, of] of features) sum += (weight * (of(state) - mean)) / deviation;
  return sum;
}

const features = [
  [0.35, 0.1, 0.3, ({ isStart }) => Number(isStart)],
  [0.28, 4.73, 1.83, ({ prompt }) => Math.log1p(prompt.length)],
  [0.24, 6, 2.04, ({ news }) => Math.log1p(news)],
  [0.22, 1.68, 1.14, ({ looks: count }) => Math.log1p(count)],
  [-0.3, 2.08, 1.19, ({ calls }) => Math.log1p(calls)],
  [-0.17, 0.15, 0.36, ({ prompt }) => Number(/^\s*(?:[-*]|\d+\.) /m.test(prompt))],
  [-0.1, 0.14, 0.34, ({ prompt }) => Number(/```|\w+\(\)|[{};]\s*$/m.test(prompt))],
  [-0.09, 0.24, 0.43, ({ prompt }) => Number(/[\w-]\/[\w-]+/.test(prompt))],
  [-0.07, 4.84, 1.98, ({ given, isStart }) => (isStart ? 0 : Math.log1p(given))],
  [0.08, 3.88, 1.18, ({ at }) => Math.log1p(at)],
  [0.07, 0.18, 0.38, ({ row }) => Number(row >= 3)],
  [0.03, 0.04, 0.2, ({ last }) => Number(/plan|ask/i.test(last))],
];

/** Of the last prompt: its tokens, its words of code, of reasoning, of a trade, of simple questions, its steps, its questions. */
function lexical({ prompt }) {
  const text = prompt.toLowerCase();
  const tokens = prompt.length / 4;
  const share = (pattern, most) => Math.min(1, (text.match(pattern) ?? []).length / most);
  const reasons = (text.match(reasoning) ?? []).length;
  if (reasons >= 2) return 1;
  const length = tokens < 15 ? -1 : Math.min(1, tokens / 400);
  return (
    0.1 * length +
    0.3 * share(/```|\b(?:function|class|import|def|const|return|async|api|database|code|test)\b/g, 2) +
    0.25 * Math.min(1, reasons) +
    0.25 *
      share(
        /\b(?:architecture|distributed|encryption|kubernetes|concurren\w+|optimi[sz]\w+|algorithm|protocol)\b/g,
        2,
      ) -
    0.05 * share(/\b(?:what is|define|hello|hi|thanks|who is|when did)\b/g, 1) +
    0.03 * share(/\b(?:first|then|finally|step \d|\d\.)/g, 2) +
    0.02 * share(/\?/g, 3)
  );
}

const reasoning =
  /step by step|think through|\b(?:analy[sz]e|reason|explain why|compare|evaluate|trade-?offs?|pros and cons)\b/g;
