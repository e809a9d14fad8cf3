/**
 * `npm run bench:effort`: what a choice of effort costs on a conversation of 300 entries, and what it costs to derive all
 * its in-band positions again. Microseconds, and as a share of parsing the same request, which holds on any machine.
 */
import { decide, positions } from "../../src/effort/policy.ts";

const entries = 300;
/** Each run reads a request that was parsed for it just now, as the gateway does, and then the same one again. */
const runs = 20;
const rounds = 100;
const warmUps = 10;
const policy = { mode: "fill" };
const prompt = "The lexer drops the last token of a line that ends in a comment. Find out why, and mend it. ".repeat(4);

const conversations = { responses: codex(), messages: claude() };

for (const [protocol, body] of Object.entries(conversations)) {
  const text = JSON.stringify(body);
  const asking = { protocol, switching: "in_band", levels: ["none", "low", "medium", "high", "xhigh"] };
  const works = {
    decide: (parsed) => decide({ ...asking, body: parsed }, policy),
    positions: (parsed) => positions({ ...asking, body: parsed }, policy),
  };
  const times = measure(text, works);
  const parse = quantile(times.parse, 0.5);
  console.log(
    `${protocol}: ${entries} entries, ${Math.round(text.length / 1024)} KiB, parsed in ${parse.toFixed(0)} µs`,
  );
  for (const name of ["decide", "positions"]) {
    const [first, again] = [times[name], times[`${name} again`]];
    const share = ((100 * quantile(first, 0.5)) / parse).toFixed(1);
    console.log(`  ${name.padEnd(10)} ${middle(first)}  ${share} % of parsing; read again ${middle(again)}`);
  }
}

function middle(sorted) {
  return `p50 ${quantile(sorted, 0.5).toFixed(1)} µs  p99 ${quantile(sorted, 0.99).toFixed(1)} µs`;
}

/** Microseconds of each run, ascending; the works take turns, so that what disturbs the machine disturbs all alike. */
function measure(text, works) {
  const times = { parse: [], decide: [], positions: [], "decide again": [], "positions again": [] };
  for (let round = 0; round < rounds + warmUps; round++) {
    for (const [name, work] of Object.entries(works)) {
      for (let run = 0; run < runs; run++) {
        const [parsed, parsing] = timed(() => JSON.parse(text));
        const [, first] = timed(() => work(parsed));
        const [, again] = timed(() => work(parsed));
        if (round < warmUps) continue;
        times.parse.push(parsing);
        times[name].push(first);
        times[`${name} again`].push(again);
      }
    }
  }
  for (const each of Object.values(times)) each.sort((one, other) => one - other);
  return times;
}

function timed(work) {
  const start = process.hrtime.bigint();
  const result = work();
  return [result, Number(process.hrtime.bigint() - start) / 1000];
}

function quantile(sorted, share) {
  return sorted[Math.floor(share * (sorted.length - 1))];
}

/** What an agent does in a round of work: the command or tool, and how much comes back. */
function* steps() {
  const turn = [
    ["read", "sed -n '1,220p' src/parser/lexer.ts", 9000],
    ["read", 'rg -n "nextToken|peekToken" src test | head -50', 3500],
    ["read", "git diff -- src/parser && git status --short", 2500],
    ["edit", "src/parser/lexer.ts", 120],
    ["test", "npm test -- --run test/parser", 4000],
    ["edit", "src/parser/lexer.ts", 120],
    ["test", "cd packages/core && npx vitest run 2>&1 | tail -40", 1800],
    ["read", "cat package.json", 1200],
    ["test", "npm run build", 700],
  ];
  for (let at = 0; ; at++) yield turn[at % turn.length];
}

function result(kind, at, length) {
  const said = kind === "test" ? `Tests: ${at % 3 === 0 ? "2 failed, " : ""}40 passed\n` : "";
  return "const token = lexer.next(); // and so on\n".repeat(Math.ceil(length / 42)).slice(said.length, length) + said;
}

/** Codex: reasoning, a call and its output for each step. */
function codex() {
  const input = [];
  for (const [kind, what, length] of steps()) {
    const at = input.length;
    if (at >= entries) return { model: "gpt-6", input: input.slice(0, entries) };
    if (at % 40 < 3) input.push({ type: "message", role: "user", content: [{ type: "input_text", text: prompt }] });
    const call_id = `call_${at}_Qm3vT0cXw1`;
    const patch = `*** Begin Patch\n*** Update File: ${what}\n@@\n${"-old\n+new\n".repeat(40)}*** End Patch`;
    const given = kind === "edit" ? { patch } : { cmd: what, workdir: "/work", yield_time_ms: 10_000 };
    const output = `Chunk ID: 1a2b3c\nWall time: 0.2 seconds\nProcess exited with code 0\nOutput:\n${result(kind, at, length)}`;
    input.push({ type: "reasoning", summary: [], encrypted_content: "g".repeat(240 + ((at * 97) % 1500)) });
    const name = kind === "edit" ? "apply_patch" : "exec_command";
    input.push({ type: "function_call", call_id, name, arguments: JSON.stringify(given) });
    input.push({ type: "function_call_output", call_id, output });
  }
}

/** Claude Code: a message with a thought and a call, and one with its result. */
function claude() {
  const messages = [{ role: "user", content: [{ type: "text", text: prompt }] }];
  for (const [kind, what, length] of steps()) {
    const at = messages.length;
    if (at >= entries) return { model: "claude-opus-5", messages: messages.slice(0, entries) };
    const id = `toolu_${at}_01AbCdEf`;
    const edit = { file_path: what, old_string: "old\n".repeat(40), new_string: "new\n".repeat(40) };
    const [name, input] = kind === "edit" ? ["Edit", edit] : ["Bash", { command: what, description: "Look" }];
    const thought = { type: "thinking", thinking: "", signature: "g".repeat(240 + ((at * 97) % 1500)) };
    messages.push({ role: "assistant", content: [thought, { type: "tool_use", id, name, input }] });
    const content = [{ type: "tool_result", tool_use_id: id, content: result(kind, at, length) }];
    if (at % 40 < 2) content.push({ type: "text", text: prompt });
    messages.push({ role: "user", content });
  }
}
