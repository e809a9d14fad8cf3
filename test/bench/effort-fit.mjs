/**
 * Fits the weights of src/effort/score.ts: `npm run fit:effort DATA.jsonl.gz` prints them. DATA is the
 * development set that effort-bench reads (one session a line). The model is a Poisson regression of the thinking spent,
 * in multiples of the mean of its project and model, on the terms of the score, held back towards 0 by a ridge.
 */
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { terms } from "../../src/effort/score.ts";
import { signalsOf } from "../../src/effort/signals.ts";

const ridge = 0.03;
/** Single calls spend fifty times the mean: above this quantile of their group they count as that. */
const cap = 0.99;
const rounds = 15;

const [, , file] = process.argv;
if (file === undefined) {
  console.error("Name the recorded sessions to fit on: npm run fit:effort DATA.jsonl.gz");
  process.exit(1);
}

const rows = weigh(readFileSync(file));
const { means, weights, bias } = fit(rows);
for (const [at, { name }] of terms.entries()) {
  console.log(`${name.padEnd(16)} weight ${weights[at].toFixed(2)}  usual ${means[at].toFixed(2)}`);
}
console.log(`bias ${bias.toFixed(2)}, of ${rows.length} calls`);

/** The calls of all sessions: terms, target, and a weight that keeps a large group from drowning the others. */
function weigh(gzip) {
  const sessions = gunzipSync(gzip).toString("utf8").split("\n").filter(Boolean);
  const groups = Map.groupBy(
    sessions.flatMap((line) => [...calls(JSON.parse(line))]),
    ({ group }) => group,
  );
  return [...groups.values()].flatMap((group) => {
    const spent = group.map(({ reasoning }) => reasoning).sort((one, other) => one - other);
    const most = spent[Math.floor(cap * spent.length)];
    const mean = spent.reduce((sum, each) => sum + each, 0) / spent.length;
    const weight = 1 / Math.sqrt(group.length);
    return group.map(({ x, reasoning }) => ({ x, y: Math.min(reasoning, most) / mean, weight }));
  });
}

function* calls({ project, items }) {
  const input = [];
  for (const item of items) {
    if (item.type !== "call") input.push(wire(item));
    else if (item.score) {
      const signals = signalsOf("responses", { input });
      if (signals !== undefined)
        yield { group: `${project} ${item.model}`, reasoning: item.reasoning, x: terms.map(({ of }) => of(signals)) };
    }
  }
}

/** The item as the Responses API writes it, padded to the length that it had. */
function wire({ type, role, text, name, call_id, arguments: given, output, len }) {
  const padded = (said) => said.padEnd(len);
  if (type === "message") return { type, role, content: [{ type: "input_text", text: padded(text) }] };
  if (type === "function_call") return { type, call_id, name, arguments: padded(given) };
  if (type === "function_call_output") return { type, call_id, output: padded(output) };
  return { type, encrypted_content: "x".repeat(len) };
}

/** Newton's method on standardised terms; the weights come back in the terms' own units. */
function fit(rows) {
  const total = rows.reduce((sum, { weight }) => sum + weight, 0);
  const mean = (of) => rows.reduce((sum, row) => sum + row.weight * of(row), 0) / total;
  const means = terms.map((_, at) => mean(({ x }) => x[at]));
  const scales = terms.map((_, at) => Math.sqrt(mean(({ x }) => (x[at] - means[at]) ** 2)) || 1);
  const z = rows.map(({ x }) => [...x.map((value, at) => (value - means[at]) / scales[at]), 1]);
  const last = terms.length;
  const beta = new Float64Array(last + 1);
  for (let round = 0; round < rounds; round++) {
    const { gradient, curvature } = slopes(rows, z, beta, total);
    for (let at = 0; at < last; at++) {
      gradient[at] -= ridge * beta[at];
      curvature[at][at] += ridge;
    }
    for (const [at, step] of solve(curvature, gradient).entries()) beta[at] += Math.max(-1, Math.min(1, step));
  }
  const weights = scales.map((scale, at) => beta[at] / scale);
  return { means, weights, bias: beta[last] - weights.reduce((sum, weight, at) => sum + weight * means[at], 0) };
}

function slopes(rows, z, beta, total) {
  const gradient = new Float64Array(beta.length);
  const curvature = Array.from(beta, () => new Float64Array(beta.length));
  for (const [at, { y, weight }] of rows.entries()) {
    const expected = Math.exp(z[at].reduce((sum, value, term) => sum + value * beta[term], 0));
    for (let one = 0; one < beta.length; one++) {
      gradient[one] += (weight * (y - expected) * z[at][one]) / total;
      for (let other = 0; other < beta.length; other++) {
        curvature[one][other] += (weight * expected * z[at][one] * z[at][other]) / total;
      }
    }
  }
  return { gradient, curvature };
}

/** Gaussian elimination; the matrix is symmetric and positive. */
function solve(matrix, vector) {
  const rows = matrix.map((row, at) => [...row, vector[at]]);
  for (let at = 0; at < rows.length; at++) {
    for (let below = at + 1; below < rows.length; below++) {
      const factor = rows[below][at] / rows[at][at];
      for (let column = at; column < rows[at].length; column++) rows[below][column] -= factor * rows[at][column];
    }
  }
  const found = new Float64Array(rows.length);
  for (let at = rows.length - 1; at >= 0; at--) {
    const known = rows[at].slice(0, -1).reduce((sum, value, other) => sum + (other > at ? value * found[other] : 0), 0);
    found[at] = (rows[at][rows.length] - known) / rows[at][at];
  }
  return found;
}
