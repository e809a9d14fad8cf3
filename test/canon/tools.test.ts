/** Stand-ins for tools that a target cannot say, and the way back: wire.md C.6, C.8 and what Codex runs (A.8). */
import { describe, expect, it } from "vitest";
import type { Event, Message } from "../../src/canon/event.ts";
import type { Block, CanonRequest, CustomTool, FunctionTool, Tool, ToolCall, Turn } from "../../src/canon/request.ts";
import { flatten, type ToolAbilities } from "../../src/canon/tools.ts";
import { noUsage } from "../../src/canon/usage.ts";

const plain: ToolAbilities = { custom: false, namespaces: false, search: false, nameLimit: 64 };
const chat: ToolAbilities = { ...plain, custom: true };
const everything: ToolAbilities = { custom: true, namespaces: true, search: true, nameLimit: 64 };

const shell: FunctionTool = { type: "function", name: "exec_command", schema: { type: "object" }, strict: false };
const patch: CustomTool = {
  type: "custom",
  name: "apply_patch",
  description: "Changes files.",
  grammar: { syntax: "lark", definition: "start: hunk+" },
};
const agents: Tool = {
  type: "namespace",
  name: "agents",
  description: "Helpers.",
  tools: [
    { type: "function", name: "spawn", description: "Starts one." },
    { type: "function", name: "wait" },
  ],
};

/** As Codex asks with a slug that it does not know, in the middle of its work. */
const classic: CanonRequest = request({
  tools: [shell, patch, { type: "search", name: "tool_search" }, { type: "web_search", live: false }],
  turns: [
    { role: "user", blocks: [{ type: "text", text: "go" }] },
    called({ id: "c1", kind: "search", name: "tool_search", input: '{"query":"agents"}' }),
    {
      role: "tool",
      blocks: [{ type: "result", callId: "c1", kind: "search", blocks: [{ type: "tools", tools: [agents] }] }],
    },
    called({ id: "c2", kind: "custom", name: "apply_patch", input: '*** Begin Patch\n+"é"\n' }),
    {
      role: "tool",
      blocks: [{ type: "result", callId: "c2", kind: "custom", blocks: [{ type: "text", text: "done" }] }],
    },
    called({ id: "c3", kind: "function", name: "spawn", namespace: "agents", input: '{"a": 1.0}' }),
  ],
  toolChoice: {
    mode: "required",
    only: [
      { kind: "custom", name: "apply_patch" },
      { kind: "function", name: "wait", namespace: "agents" },
    ],
  },
});

/** As Codex asks with a slug of its own catalog: the tools are an item of the input. */
const codeMode: CanonRequest = request({
  turns: [
    {
      role: "developer",
      blocks: [
        {
          type: "tools",
          tools: [
            {
              type: "namespace",
              name: "functions",
              tools: [
                { type: "custom", name: "exec" },
                { type: "function", name: "wait" },
              ],
            },
            { type: "namespace", name: "clock", description: "Time.", tools: [{ type: "function", name: "sleep" }] },
          ],
        },
      ],
    },
    { role: "user", blocks: [{ type: "text", text: "go" }] },
    called({ id: "c1", kind: "custom", name: "exec", input: "tools.apply_patch()" }),
  ],
});

describe("a classic request of Codex", () => {
  it("reaches a target with functions only", () => {
    const flat = flatten(classic, plain).request;
    expect(names(flat)).toEqual([
      "function exec_command",
      "function apply_patch",
      "function tool_search",
      "web_search",
      "function agents__spawn",
      "function agents__wait",
    ]);
    expect(tool(flat, "apply_patch")).toEqual({
      type: "function",
      name: "apply_patch",
      description: "Changes files.\n\nWrite `input` in the language of this lark grammar:\nstart: hunk+",
      schema: {
        type: "object",
        properties: { input: { type: "string" } },
        required: ["input"],
        additionalProperties: false,
      },
      strict: false,
    });
    expect(tool(flat, "tool_search")).toMatchObject({ schema: { required: ["query"] } });
    expect(tool(flat, "agents__spawn")).toMatchObject({ description: "Starts one.\n\nHelpers.", strict: false });
    expect(tool(flat, "exec_command")).toEqual(shell);
    expect(flat.toolChoice).toEqual({
      mode: "required",
      only: [
        { kind: "function", name: "apply_patch" },
        { kind: "function", name: "agents__wait" },
      ],
    });
  });

  it("changes its history alike", () => {
    const flat = flatten(classic, plain).request;
    expect(flat.turns.flatMap(({ blocks }) => blocks).slice(1)).toEqual([
      { type: "call", id: "c1", kind: "function", name: "tool_search", input: '{"query":"agents"}' },
      {
        type: "result",
        callId: "c1",
        kind: "function",
        blocks: [{ type: "text", text: "These tools were found and can be called now: agents__spawn, agents__wait" }],
      },
      {
        type: "call",
        id: "c2",
        kind: "function",
        name: "apply_patch",
        input: '{"input":"*** Begin Patch\\n+\\"é\\"\\n"}',
      },
      { type: "result", callId: "c2", kind: "function", blocks: [{ type: "text", text: "done" }] },
      { type: "call", id: "c3", kind: "function", name: "agents__spawn", input: '{"a": 1.0}' },
    ]);
  });

  it("keeps custom tools where the target has them", () => {
    const flat = flatten(classic, chat).request;
    expect(names(flat)).toContain("custom apply_patch");
    expect(tool(flat, "apply_patch")).toEqual(patch);
    expect(flat.turns[3]).toEqual(classic.turns[3]);
    expect(flat.toolChoice?.only?.[0]).toEqual({ kind: "custom", name: "apply_patch" });
  });

  it("says nothing new to a target that can say it all", () => {
    const flat = flatten(classic, everything);
    expect(flat.request).toBe(classic);
    const event: Event = { type: "open", index: 0, block: callOf({ kind: "custom", name: "apply_patch", input: "x" }) };
    expect(flat.restore()(event)).toEqual([event]);
  });

  it("lists a tool once, wherever it is brought", () => {
    const again: Turn = { role: "developer", blocks: [{ type: "tools", tools: [shell, agents] }] };
    const flat = flatten({ ...classic, turns: [...classic.turns, again] }, plain).request;
    expect(names(flat)).toEqual(names(flatten(classic, plain).request));
  });

  it("gets its calls back", () => {
    const { restoreMessage } = flatten(classic, plain);
    const came = [
      callOf({ name: "apply_patch", input: ' { "input" : "a\\nb\\u00e9" , "note": 1 }' }),
      callOf({ name: "agents__spawn", input: '{"a":1}' }),
      callOf({ name: "tool_search", input: '{"query":"x"}' }),
      callOf({ name: "exec_command", input: "{}" }),
      callOf({ name: "never_heard_of", input: "{}" }),
    ];
    expect(restoreMessage(message(came)).blocks).toEqual([
      callOf({ kind: "custom", name: "apply_patch", input: "a\nbé" }),
      { ...callOf({ name: "spawn", input: '{"a":1}' }), namespace: "agents" },
      callOf({ kind: "search", name: "tool_search", input: '{"query":"x"}' }),
      callOf({ name: "exec_command", input: "{}" }),
      callOf({ name: "never_heard_of", input: "{}" }),
    ]);
  });
});

describe("a code-mode request of Codex", () => {
  it("has its tools in the list, and no turn for them", () => {
    const flat = flatten(codeMode, plain).request;
    expect(names(flat)).toEqual(["function functions__exec", "function functions__wait", "function clock__sleep"]);
    expect(flat.turns.map(({ role }) => role)).toEqual(["user", "assistant"]);
  });

  it("finds the tool of a call that left its namespace out", () => {
    const flat = flatten(codeMode, plain).request;
    expect(flat.turns[1]?.blocks[0]).toMatchObject({
      kind: "function",
      name: "functions__exec",
      input: '{"input":"tools.apply_patch()"}',
    });
  });

  it("keeps its turn of tools where the target takes it", () => {
    expect(flatten(codeMode, everything).request).toBe(codeMode);
  });

  it("gets code back as it streams", () => {
    const restore = flatten(codeMode, plain).restore();
    const events = [
      { type: "open", index: 3, block: callOf({ name: "functions__exec", input: "" }) },
      ...['{"in', 'put":"', "const a = \\", '"x\\ud8', '3d\\ude00"', ', "more": "y"}'].map(
        (text) => ({ type: "delta", index: 3, text }) as const,
      ),
      { type: "close", index: 3 },
    ] as const satisfies Event[];
    expect(events.flatMap(restore)).toEqual([
      {
        type: "open",
        index: 3,
        block: { ...callOf({ kind: "custom", name: "exec", input: "" }), namespace: "functions" },
      },
      { type: "delta", index: 3, text: "const a = " },
      { type: "delta", index: 3, text: '"x' },
      { type: "delta", index: 3, text: "😀" },
      { type: "close", index: 3 },
    ]);
  });

  it("keeps the streams of one answer apart, and those of two answers", () => {
    const flat = flatten(codeMode, plain);
    const [one, two] = [flat.restore(), flat.restore()];
    const open = (index: number): Event => ({
      type: "open",
      index,
      block: callOf({ name: "functions__exec", input: "" }),
    });
    const delta = (index: number, text: string): Event => ({ type: "delta", index, text });
    one(open(0));
    one(open(1));
    two(open(0));
    one(delta(0, '{"input":"a'));
    expect(two(delta(0, '{"input":"b'))).toEqual([delta(0, "b")]);
    expect(one(delta(1, '{"input":"c'))).toEqual([delta(1, "c")]);
    expect(one(delta(0, "d"))).toEqual([delta(0, "d")]);
  });
});

function request(some: Partial<CanonRequest>): CanonRequest {
  return { model: "m", stream: true, turns: [], ...some };
}

function callOf({ kind = "function", ...rest }: Pick<ToolCall, "name" | "input"> & Partial<ToolCall>): ToolCall {
  return { type: "call", id: "c", kind, ...rest };
}

function called(call: Omit<ToolCall, "type">): Turn {
  return { role: "assistant", blocks: [{ type: "call", ...call }] };
}

function message(blocks: readonly Block[]): Message {
  return { id: "r", model: "m", blocks, finish: { reason: "calls" }, usage: noUsage };
}

function names({ tools = [] }: CanonRequest): string[] {
  return tools.map((each) => ("name" in each ? `${each.type} ${each.name}` : each.type));
}

function tool({ tools = [] }: CanonRequest, name: string): Tool | undefined {
  return tools.find((each) => "name" in each && each.name === name);
}
