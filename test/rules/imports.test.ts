/** Who may import whom (design page, chapter 4), read off the import lines. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { describe, expect, it } from "vitest";

const src = join(import.meta.dirname, "../../src");

/** For each place the places it may import from. The first line whose place a file lies in counts. */
const allowed: readonly (readonly [place: string, from: readonly string[]])[] = [
  ["fault.ts", ["canon/json.ts"]],
  ["canon/", ["canon/", "fault.ts"]],
  ["http/", ["http/", "fault.ts"]],
  ["protocols/index.ts", ["protocols/", "canon/"]],
  ["protocols/protocol.ts", ["canon/", "fault.ts", "http/sse.ts"]],
  ["protocols/", ["protocols/protocol.ts", "canon/", "fault.ts", "http/sse.ts"]],
  ["effort/", ["effort/", "canon/", "models/catalog.ts"]],
  ["models/", ["models/", "effort/", "canon/", "fault.ts", "config.ts", "config-error.ts", "providers/provider.ts"]],
  ["operations/operation.ts", []],
  ["providers/", ["providers/", "operations/operation.ts", "canon/", "fault.ts", "http/", "config-error.ts"]],
  [
    "policy/",
    [
      ...["policy/", "call.ts", "canon/", "config.ts", "config-error.ts", "fault.ts", "http/", "models/", "providers/"],
      ...["stores/affinities.ts", "stores/store.ts", "stores/store-down.ts", "teams/records.ts"],
    ],
  ],
  [
    "conversations/",
    [
      "edited.ts",
      ...["conversations/", "call.ts", "canon/", "fault.ts", "http/", "models/catalog.ts", "pipes.ts", "tapped.ts"],
      "stores/conversations.ts",
    ],
  ],
  [
    "compaction/",
    [
      "edited.ts",
      ...["compaction/", "call.ts", "canon/", "conversations/", "deps.ts", "fault.ts", "http/", "lanes.ts", "models/"],
      ...["pipes.ts", "policy/", "protocols/", "refuse.ts", "routing.ts", "stores/store.ts", "tapped.ts"],
    ],
  ],
  ["stores/conversations.ts", ["conversations/", "teams/conversation.ts"]],
  ["stores/health-board.ts", ["policy/health-board.ts", "teams/health-object.ts"]],
  ["stores/", ["stores/", "canon/", "teams/", "config.ts", "config-error.ts"]],
  ["teams/admin.ts", ["teams/", "deps.ts", "fault.ts", "policy/auth.ts", "policy/key.ts", "stores/store.ts"]],
  ["teams/routes-admin.ts", ["teams/", "config-error.ts", "fault.ts", "policy/live-routes.ts", "stores/store.ts"]],
  ["teams/asked.ts", ["deps.ts", "fault.ts", "http/body.ts"]],
  ["teams/health-object.ts", ["policy/health-board.ts"]],
  ["teams/conversation.ts", ["teams/conversation-tree.ts", "conversations/", "stores/conversations.ts"]],
  ["teams/conversation-tree.ts", ["conversations/", "stores/conversations.ts"]],
  ["teams/export.ts", ["teams/", "fault.ts", "stores/store.ts"]],
  ["teams/holder.ts", ["teams/", "deps.ts", "policy/", "stores/store.ts"]],
  ["teams/cache-", ["cache/flights.ts", "cache/store.ts", "providers/network.ts", "teams/cache-"]],
  ["teams/", ["teams/", "canon/", "config.ts", "policy/refusal.ts", "stores/"]],
  ["config-error.ts", []],
  [
    "config.ts",
    [
      ...["config-error.ts", "models/", "providers/", "stores/upstash-settings.ts"],
      ...["policy/routes.ts", "policy/route-table.ts"],
    ],
  ],
  ["call.ts", ["canon/", "fault.ts", "http/"]],
  ["recall.ts", ["call.ts", "deps.ts", "policy/seal.ts", "protocols/chat/carrier.ts"]],
  ["refuse.ts", ["fault.ts", "http/headers.ts", "protocols/protocol.ts"]],
  ["upstream.ts", ["fault.ts", "policy/route.ts", "providers/"]],
  ["bill.ts", ["canon/", "models/price.ts", "pipes.ts", "policy/", "stores/store.ts"]],
  ["lease.ts", ["bill.ts", "canon/", "deps.ts", "fault.ts", "models/price.ts", "policy/", "stores/"]],
  ["in-band.ts", ["edited.ts", "call.ts", "effort/updates.ts", "http/"]],
  [
    "think.ts",
    ["edited.ts", "call.ts", "canon/", "effort/", "fault.ts", "http/", "models/catalog.ts", "teams/records.ts"],
  ],
  ["routing.ts", ["call.ts", "canon/", "deps.ts", "effort/tier.ts", "fault.ts", "policy/", "stores/store.ts"]],
  ["tapped.ts", ["pipes.ts"]],
  ["edited.ts", ["call.ts", "canon/json.ts", "http/json.ts"]],
  ["disowning.ts", ["fault.ts", "protocols/protocol.ts"]],
  ["hedge.ts", ["canon/", "fault.ts", "http/", "lease.ts", "policy/route.ts"]],
  ["tries.ts", ["canon/", "deps.ts", "fault.ts", "hedge.ts", "lease.ts", "policy/", "providers/timeouts.ts"]],
  [
    "settle.ts",
    [
      "bill.ts",
      "cache/",
      "deps.ts",
      "effort/policy.ts",
      "tries.ts",
      "canon/",
      "http/",
      "lease.ts",
      "pipes.ts",
      "policy/route.ts",
    ],
  ],
  ["share.ts", ["bill.ts", "cache/join.ts", "canon/", "fault.ts", "pipes.ts", "policy/route.ts", "settle.ts"]],
  ["report.ts", ["bill.ts", "cache/", "effort/policy.ts", "tries.ts", "canon/", "http/", "lease.ts", "policy/"]],
  [
    "operations/",
    [
      ...[
        "operations/",
        "attempt.ts",
        "bill.ts",
        "cache/",
        "call.ts",
        "canon/",
        "config.ts",
        "deps.ts",
        "effort/updates.ts",
        "fault.ts",
        "http/",
        "lease.ts",
        "models/",
        "pipes.ts",
        "policy/",
      ],
      ...[
        "protocols/",
        "providers/provider.ts",
        "refuse.ts",
        "report.ts",
        "settle.ts",
        "stores/store.ts",
        "tries.ts",
        "upstream.ts",
      ],
    ],
  ],
  // Runs in Node and is never in the bundle, but for the file that it writes.
  [
    "cache/",
    [
      ...[
        "cache/",
        "call.ts",
        "canon/",
        "fault.ts",
        "http/",
        "pipes.ts",
        "policy/route.ts",
        "protocols/index.ts",
        "protocols/message.ts",
        "protocols/protocol.ts",
        "upstream.ts",
      ],
      ...["stores/upstash-client.ts", "teams/cache-shard.ts", "teams/records.ts"],
    ],
  ],
  ["openapi/", ["openapi/", "operations/operation.ts", "stores/store.ts", "teams/schemas.ts"]],
  ["foreign.ts", ["edited.ts", "call.ts", "canon/", "http/json.ts", "protocols/"]],
  ["guard.ts", ["deps.ts", "fault.ts", "http/stream.ts", "pipes.ts", "policy/route.ts", "tries.ts"]],
  ["unread.ts", ["canon/", "fault.ts", "pipes.ts", "policy/route.ts", "protocols/index.ts"]],
  ["pipes.ts", ["canon/", "fault.ts", "http/", "protocols/protocol.ts"]],
  [
    "lanes.ts",
    [
      "edited.ts",
      "call.ts",
      "canon/",
      "effort/updates.ts",
      "fault.ts",
      "foreign.ts",
      "http/",
      "in-band.ts",
      "models/",
      "pipes.ts",
      "policy/",
      "protocols/",
      "providers/",
    ],
  ],
  [
    "sockets/",
    [
      ...["sockets/", "call.ts", "canon/", "conversations/absent.ts", "conversations/said.ts", "deps.ts", "fault.ts"],
      ...["http/", "protocols/index.ts", "refuse.ts"],
    ],
  ],
  [
    "deps.ts",
    ["sockets/seats.ts", "cache/join.ts", "cache/store.ts", "config.ts", "http/", "policy/", "stores/", "upstream.ts"],
  ],
  [
    "attempt.ts",
    [
      ...[
        "bill.ts",
        "cache/",
        "call.ts",
        "canon/",
        "compaction/",
        "conversations/",
        "deps.ts",
        "fault.ts",
        "http/",
        "lanes.ts",
        "lease.ts",
        "pipes.ts",
        "policy/",
      ],
      ...["protocols/index.ts", "protocols/protocol.ts", "guard.ts", "share.ts", "unread.ts"],
      ...[
        "providers/event-stream.ts",
        "recall.ts",
        "refuse.ts",
        "report.ts",
        "settle.ts",
        "stores/store.ts",
        "tries.ts",
        "effort/policy.ts",
        "effort/updates.ts",
        "upstream.ts",
      ],
    ],
  ],
  [
    "pipeline.ts",
    [
      "attempt.ts",
      "call.ts",
      "canon/",
      "compaction/",
      "conversations/",
      "deps.ts",
      "disowning.ts",
      "effort/",
      "fault.ts",
      "http/",
      "lease.ts",
      "models/cache-prices.ts",
      "operations/",
      "policy/",
      "protocols/",
      "recall.ts",
      "routing.ts",
      "think.ts",
      "tries.ts",
      "refuse.ts",
      "stores/store.ts",
    ],
  ],
  [
    "app.ts",
    [
      "canon/",
      "conversations/",
      "deps.ts",
      "fault.ts",
      "http/",
      "models/",
      "openapi/openapi.json",
      "operations/operation.ts",
      "pipeline.ts",
      "policy/auth.ts",
      "protocols/",
      "refuse.ts",
      "sockets/socket.ts",
      "stores/store-down.ts",
      "teams/",
    ],
  ],
  [
    "index.ts",
    [
      "app.ts",
      "cache/",
      "config.ts",
      "deps.ts",
      "fault.ts",
      "http/",
      "policy/",
      "protocols/",
      "providers/network.ts",
      "refuse.ts",
      "sockets/seats.ts",
      "stores/",
      "teams/",
    ],
  ],
  ["local/", ["local/", "config.ts", "config-error.ts", "policy/key.ts", "providers/"]],
];

/** Where the platform's own module may be named, and what a pure place may not reach. */
const platform = ["index.ts", "teams/", "stores/durable.ts"];
const impure = /\bfetch\(|\bDate\b|\bcrypto\b|\bprocess\b|Math\.random|\bsetTimeout\b/;
const pure = ["canon/", "protocols/", "effort/", "models/"];

const files = readdirSync(src, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"));
const within = (file: string, places: readonly string[]): boolean => places.some((place) => file.startsWith(place));

function importsOf(file: string): string[] {
  const text = readFileSync(join(src, file), "utf8");
  return [...text.matchAll(/^(?:import|export)\b[^;]*?from\s+"([^"]+)"|^import\s+"([^"]+)"/gms)].map(
    ([, a, b]) => a ?? b ?? "",
  );
}

/** Code without comments. */
function codeOf(file: string): string {
  return readFileSync(join(src, file), "utf8").replace(/\/\*.*?\*\/|\/\/.*$/gms, "");
}

describe("imports", () => {
  it("has rules for every file", () => {
    expect(files.length).toBeGreaterThan(20);
    expect(
      files.filter(
        (file) =>
          !within(
            file,
            allowed.map(([place]) => place),
          ),
      ),
    ).toEqual([]);
  });

  it.each(files)("of %s keep the rules", (file) => {
    const [place, from] = allowed.find(([place]) => file.startsWith(place)) ?? ["", []];
    const own = importsOf(file).filter((name) => name.startsWith("."));
    const paths = own.map((name) => relative(src, join(src, dirname(file), name)));
    const folder = file.startsWith("protocols/") && file.split("/").length > 2 ? [`${dirname(file)}/`] : [];
    const broken = paths.filter((path) => !within(path, [...from, ...folder]));
    expect(broken.map((path) => `${file} imports ${path}; ${place} may import ${from.join(", ")}`)).toEqual([]);
  });

  it("name the platform only at its edges, and vendor SDKs only for their types", () => {
    const named = (test: (name: string) => boolean) => files.filter((file) => importsOf(file).some(test));
    expect(named((name) => name.startsWith("cloudflare:")).filter((file) => !within(file, platform))).toEqual([]);
    const runtime = files.filter((file) =>
      /^import (?!type\b)[^;]*from "(openai|@anthropic-ai|@google)/m.test(codeOf(file)),
    );
    expect(runtime).toEqual([]);
  });

  it("keep pure places pure", () => {
    expect(files.filter((file) => within(file, pure) && impure.test(codeOf(file)))).toEqual([]);
  });
});
