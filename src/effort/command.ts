/** What a shell command does, by the first words of its parts. Read to a bound, never run, never parsed whole. */
import type { Act } from "./act.ts";

/** The strongest act among the command's parts (`cd app && cargo test | tail` tests). */
export function commandAct(command: string): Act {
  // What a here-document holds is no command.
  const document = command.indexOf("<<");
  const end = document < 0 ? command.length : document;
  let act: Act = "other";
  let parts = 0;
  for (let start = 0; start < end && parts < mostParts; ) {
    const stop = partEnd(command, start, end);
    if (stop > start) {
      parts++;
      const does = partAct(command.slice(start, stop));
      if (does !== undefined && strength[does] > strength[act]) act = does;
    }
    start = stop + 1;
  }
  return act;
}

const mostParts = 6;

function partEnd(command: string, start: number, end: number): number {
  separators.lastIndex = start;
  return separators.test(command) ? Math.min(separators.lastIndex - 1, end) : end;
}

const separators = /[\n;&|(`]/g;

/**
 * By its characters: every command of the last answers is read for every decision. The pattern that looks behind wrappers
 * and assignments is asked only where there is one.
 */
function partAct(part: string): Act | undefined {
  let start = 0;
  while (kindOf(part.charCodeAt(start)) === blank) start++;
  let end = start;
  while (kindOf(part.charCodeAt(end)) === ofWord) end++;
  if (end === start) return undefined;
  const word = part.slice(start, end);
  if (part[end] !== "=" && !wrappers.has(word)) return wordAct(word, part.slice(end, end + restLength));
  const [, wrapped, rest = ""] = first.exec(part) ?? [];
  return wrapped === undefined ? undefined : wordAct(wrapped, rest);
}

/** What an ASCII character may be to a command; others are nothing. */
const [ofWord, blank] = [1, 2];
const charKinds = new Uint8Array(128);
for (const each of "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./+-") mark(each, ofWord);
for (const each of " \t\r") mark(each, blank);

function mark(character: string, kind: number): void {
  charKinds[character.charCodeAt(0)] = kind;
}

function kindOf(code: number): number {
  return charKinds[code] ?? 0;
}

const wrappers: ReadonlySet<string> = new Set(
  "sudo time env exec command npx timeout uv poetry bundle sh bash zsh".split(" "),
);
/** A part's first word, behind assignments and wrappers, and how it goes on. */
const first =
  /^\s*(?:(?:sudo|time|env|exec|command|npx|timeout \S+|(?:uv|poetry) run|bundle exec|\w+=\S*|(?:ba|z)?sh -l?c ["'])\s+)*([\w./+-]+)(.{0,60})/;
const restLength = 60;

/** How much a part says of the whole; the acts that no command is are out of the race. */
const strength = {
  other: 0,
  wait: 1,
  note: 1,
  read: 2,
  search: 3,
  web: 4,
  agent: 4,
  plan: 4,
  ask: 4,
  git: 5,
  edit: 6,
  build: 7,
  test: 8,
} as const satisfies Record<Act, number>;

function wordAct(path: string, rest: string): Act | undefined {
  const word = path.slice(path.lastIndexOf("/") + 1);
  const kind = words.get(word);
  switch (kind) {
    case undefined:
      if (/^(?:test_|run_?tests)/.test(word)) return "test";
      return shows.test(rest) ? "read" : undefined;
    case "runner":
      return runnerAct(rest);
    case "make":
      return runnerAct(rest) ?? "build";
    case "git":
      return gitAct(rest);
    case "gh":
      return shows.test(rest) || (/^ api /.test(rest) && !/ -[fX]/.test(rest)) ? "read" : "git";
    case "read":
      return (rest.includes(">") || rest.startsWith(" -")) && writes.test(rest) ? "edit" : "read";
    default:
      return kind;
  }
}

function runnerAct(rest: string): Act | undefined {
  if (tests.test(rest)) return "test";
  return builds.test(rest) ? "build" : undefined;
}

function gitAct(rest: string): Act {
  if (rest.includes("grep") && /^ (?:\S+ )?grep\b/.test(rest)) return "search";
  return gitLooks.test(rest) ? "read" : "git";
}

const tests = /\b(?:tests?|spec|vitest|jest|pytest|nextest|unittest|e2e|playwright|mocha)\b/;
const builds =
  /\b(?:build|check|lint|clippy|fmt|format|typecheck|tsc|vet|compile|eslint|biome|prettier|ruff|mypy|pyright)\b/;
/** What a command of any name may be told to do that only shows something. */
const shows = /^ (?:\w+ )?(?:show|list|ls|status|view|diff|checks|info|get|describe|capture|--help|--version)\b/;
const gitLooks =
  /^ (?:-C \S+ |--no-pager )?(?:show|diff|log|blame|ls-files|ls-tree|cat-file|status|rev-parse|merge-base|reflog|branch(?= -[avr]|$)|remote(?= -v|$))\b/;
/** In-place edits, and text put into a file. */
const writes = /^ -\w*i\b|^ -pi|(?:^| )>{1,2} ?[\w./$"']/;

const kinds = {
  read: "cat sed nl head tail less more ls tree wc stat file jq yq awk cut sort uniq bat diff du od strings echo printf pwd perl",
  search: "rg grep egrep zgrep find fd ag ack",
  web: "curl wget",
  git: "git",
  gh: "gh glab",
  wait: "sleep",
  edit: "apply_patch applypatch tee patch",
  other: "cd",
  test: "pytest vitest jest mocha rspec phpunit ctest tox bats playwright",
  build: "tsc eslint biome prettier ruff mypy pyright golangci-lint gofmt rustfmt rustc gcc clang javac cmake ninja",
  make: "make",
  runner:
    "npm pnpm yarn bun bunx deno node go cargo python python3 mise just task gradle gradlew mvn mvnw dotnet swift mix rake rails bazel xcodebuild docker turbo nx ./scripts",
} as const satisfies Partial<Record<Act | "runner" | "make" | "gh", string>>;

const words: ReadonlyMap<string, Act | "runner" | "make" | "gh"> = new Map(
  Object.entries(kinds).flatMap(([kind, list]) =>
    // The cast says what `Object.entries` forgets.
    list.split(" ").map((word) => [word, kind as keyof typeof kinds]),
  ),
);
