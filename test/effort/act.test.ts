/** What a tool call does, by its name, its command, and the JavaScript of Codex's code mode. */
import { describe, expect, it } from "vitest";
import { type Act, actOf, pathOf } from "../../src/effort/act.ts";

describe("a tool's name tells what it does", () => {
  const named = {
    read: [
      "Read",
      "read_file",
      "read",
      "view_image",
      "list_dir",
      "mcp__linear-server__get_issue",
      "read_wiki_structure",
    ],
    search: ["Grep", "glob", "search_file_content", "mcp__docs__search_documentation"],
    web: ["WebFetch", "google_web_search", "webfetch", "web_search_call"],
    edit: ["Edit", "apply_patch", "replace", "write_file", "MultiEdit", "patch"],
    note: ["TodoWrite", "update_plan", "todowrite"],
    ask: ["AskUserQuestion", "request_user_input", "question"],
    plan: ["ExitPlanMode", "EnterPlanMode"],
    agent: ["Task", "spawn_agent", "task", "codebase_investigator"],
    wait: ["write_stdin", "wait", "BashOutput"],
    other: ["mcp__linear-server__create_issue", "getaway", "frobnicate", ""],
  } as const satisfies Partial<Record<Act, readonly string[]>>;
  for (const [act, names] of Object.entries(named)) {
    it(act, () => expect(names.map((name) => actOf(name, {}))).toEqual(names.map(() => act)));
  }
});

describe("a shell command tells it by its first words", () => {
  const commands = {
    test: [
      "npm test",
      "cd app && cargo test --workspace 2>&1 | tail -5",
      "CI=1 npx vitest run",
      "python3 -m pytest -q",
      "go test ./...",
      "bundle exec rspec",
      "make test",
      "ls src; mise run test:ci",
      "cargo fmt --check\ncargo test step",
      "uv run pytest tests/unit",
    ],
    build: ["npm run build", "tsc -p .", "cargo clippy", "make", "npx biome check src", "go vet ./...", "ruff check"],
    edit: ["sed -i 's/a/b/' x.ts", "cat > x.ts <<'EOF'\nnpm test\nEOF", "apply_patch <<'EOF'", "echo hi >> notes.md"],
    git: [
      "git commit -m 'fix test'",
      "git -C app push",
      "gh pr create --fill",
      "git branch topic",
      "git remote add x y",
    ],
    read: [
      "cat x.ts",
      "sed -n '1,80p' x.ts",
      "git diff HEAD~1",
      "gh pr view 7",
      "git status --short",
      "git -C app rev-parse HEAD",
      "git branch -a",
      "ls -la",
      "bd show av-9",
      "kubectl get pods",
    ],
    search: ["rg -n 'a|b' src", "find . -name '*.ts'", "git grep foo", "cat x | grep y"],
    web: ["curl -s https://example.org"],
    wait: ["sleep 10"],
    other: ["docker run alpine", "npm install", "node script.js", "cd app", '"quoted" word', "env", ""],
  } as const satisfies Partial<Record<Act, readonly string[]>>;
  for (const [act, each] of Object.entries(commands)) {
    it(act, () => {
      const shapes = each.map((command) => [
        actOf("Bash", { command, description: "d" }),
        actOf("exec_command", JSON.stringify({ workdir: "/w", cmd: command })),
        actOf("shell", { command: ["bash", "-lc", command] }),
        actOf("shell", JSON.stringify({ command: ["bash", "-lc", command], timeout: 5 })),
        actOf("run_shell_command", JSON.stringify({ command })),
      ]);
      expect(shapes).toEqual(each.map(() => Array(5).fill(act)));
    });
  }
});

describe("in code mode the tool is the one that the JavaScript calls", () => {
  const scripts: readonly (readonly [script: string, act: Act])[] = [
    ['const r = await tools.exec_command({cmd:"cargo test", workdir:"/w"}); text(r.output);', "test"],
    ["const r = await tools.exec_command({workdir: '/w', cmd: 'rg -n \"x\" src'}); text(r.output);", "search"],
    ['const r = await tools.exec_command({"cmd":"sed -n 1,9p a.ts\\nnl -ba b.ts"});', "read"],
    ["const r = await tools.exec_command({cmd: `git push`});", "git"],
    ['const patch = "*** Begin Patch\\n*** Update File: a.ts"; await tools.apply_patch(patch);', "edit"],
    ['await tools.web__run({search_query:[{q:"x"}]})', "web"],
    ["await tools.write_stdin({session_id: 1})", "wait"],
    ["await tools.exec('x')", "other"],
    ["text(ALL_TOOLS.length)", "other"],
  ];
  for (const [script, act] of scripts) it(script, () => expect(actOf("exec", script)).toBe(act));
});

it("reads a command from arguments that were cut off", () => {
  expect(actOf("exec_command", '{"cmd":"npm test -- --run a/very/long')).toBe("test");
});

it("takes no member for the command that only ends like it", () => {
  expect(actOf("exec_command", '{"precmd":"npm test","cmd":"ls"}')).toBe("read");
});

it("finds the path that an edit names", () => {
  expect(pathOf({ file_path: "/a.ts", new_string: "x" })).toBe("/a.ts");
  expect(pathOf('{"old_string":"path","path":"b.ts"}')).toBe("b.ts");
  expect(pathOf("*** Begin Patch\n*** Update File: c.ts\n@@")).toBe("c.ts");
  expect(pathOf('{"input":"*** Begin Patch\\n*** Add File: d.ts\\n+x"}')).toBe("d.ts");
  expect(pathOf("nothing")).toBeUndefined();
});
