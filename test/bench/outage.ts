/**
 * `npm run bench:outage`: the first of two providers dies while calls arrive, and comes back. How many of them are served
 * meanwhile, how many still go to the dead one, and when calls go there again. Ends by itself, in two minutes.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { bundle } from "../../src/local/bundle.ts";
import type { Children } from "../../src/local/children.ts";
import { script } from "../../src/local/script.ts";
import { readManifest } from "../../src/local/settings.ts";
import { canned, paths, question } from "./canned.ts";
import { serveGateway } from "./gateway.ts";
import type { Host } from "./hosts.ts";

const root = resolve(import.meta.dirname, "../..");

/** Calls a second, started whatever becomes of those before. */
const rate = 50;
const healthyMs = 3000;
const outageMs = 20_000;
/** A provider that is back is found out by then, or never. */
const mostRecoveryMs = 40_000;

/** How a provider can be dead. */
const deaths = { refuses: "refuses connections", fails: "answers 503" } as const;
type Death = keyof typeof deaths;

await script(async (children, stopped) => {
  const folder = mkdtempSync(join(tmpdir(), "gearbox-outage-"));
  try {
    const rows: string[] = [];
    const made = await bundle(root, join(folder, "bundle"), children);
    for (const death of ["refuses", "fails"] as const) {
      const place = { bundle: made, manifest: readManifest(root), folder: join(folder, death) };
      const row = await Promise.race([outage(death, place, children), stopped]);
      if (row === undefined) return 130;
      rows.push(row);
    }
    console.log(`| for ${outageMs / 1000} s the first of two providers | calls | served | calls sent into it | back after it was, s |
| --- | --: | --: | --: | --: |
${rows.join("\n")}`);
    return 0;
  } finally {
    await children.kill();
    rmSync(folder, { recursive: true, force: true });
  }
});

type Place = Omit<Parameters<typeof serveGateway>[0], "upstream">;

async function outage(death: Death, place: Place, children: Children): Promise<string> {
  const [first, second] = [await provider(), await provider()];
  const targets = ["chat", "second"].map((id) => ({ provider: id, model: "burst" }));
  const settings = { ROUTES: JSON.stringify({ pair: { strategy: "priority", targets } }) };
  const others = { second: { base: `${second.address}/v1`, speaks: ["chat"], secret: "UPSTREAM_KEY" } };
  const host = await serveGateway({ ...place, upstream: first.address, settings, others }, children);
  console.error(
    `${deaths[death]}: ${(healthyMs + outageMs) / 1000} to ${(healthyMs + outageMs + mostRecoveryMs) / 1000} s`,
  );
  await load(host, healthyMs);
  if (first.calls() === 0) throw new Error("No call went to the first provider while it was well.");
  await first.die(death);
  const before = first.calls();
  const seen = await load(host, outageMs);
  const into = first.calls() - before;
  await first.live();
  const begun = performance.now();
  let isBack = false;
  await load(host, mostRecoveryMs, () => (isBack ||= first.served()));
  const back = isBack ? ((performance.now() - begun) / 1000).toFixed(1) : "never";
  host.child.end("SIGKILL");
  await host.child.ended;
  await Promise.all([first.close(), second.close()]);
  const share = `${((100 * seen.served) / seen.calls).toFixed(2)} %`;
  return `| ${deaths[death]} | ${seen.calls} | ${share} | ${death === "refuses" ? "not seen by it" : into} | ${back} |`;
}

/** Calls at the rate, each of a conversation of its own, until the time is over or there is nothing more to see. */
async function load(host: Host, ms: number, isOver = () => false): Promise<{ calls: number; served: number }> {
  const pending: Promise<boolean>[] = [];
  const begun = performance.now();
  while (performance.now() - begun < ms && !isOver()) {
    pending.push(call(host, `outage-${begun}-${pending.length}`));
    await new Promise((after) => setTimeout(after, begun + (pending.length * 1000) / rate - performance.now()));
  }
  const served = (await Promise.all(pending)).filter((isServed) => isServed).length;
  return { calls: pending.length, served };
}

async function call({ port, headers }: Host, session: string): Promise<boolean> {
  const answer = await fetch(`http://127.0.0.1:${port}${paths.chat}`, {
    method: "POST",
    headers: { ...headers, "content-type": "application/json", "x-session-id": session },
    body: question("chat", "pair", false),
  });
  const text = await answer.text();
  return answer.ok && text.includes("the quick brown");
}

/** A provider that can die and come back, at the same address. */
async function provider() {
  const body = canned().chat.json;
  let [calls, served, isFailing] = [0, 0, false];
  const answer: RequestListener = (request, response) => {
    calls += 1;
    request.resume();
    request.on("end", () => {
      if (!isFailing) served += 1;
      response.writeHead(isFailing ? 503 : 200, { "content-type": "application/json" });
      response.end(isFailing ? '{"error":{"message":"down"}}' : body);
    });
  };
  let server = await listening(createServer(answer), 0);
  const { port } = server.address() as { port: number };
  async function close(): Promise<void> {
    const { promise, resolve: closed } = Promise.withResolvers<void>();
    server.close(() => closed());
    server.closeAllConnections();
    await promise;
  }
  return {
    address: `http://127.0.0.1:${port}`,
    calls: () => calls,
    served: () => served > 0,
    async die(death: Death) {
      served = 0;
      isFailing = death === "fails";
      if (death === "refuses") await close();
    },
    async live() {
      isFailing = false;
      if (!server.listening) server = await listening(createServer(answer), port);
    },
    close,
  };
}

async function listening(server: Server, port: number): Promise<Server> {
  const { promise, resolve: listens, reject } = Promise.withResolvers<void>();
  server.once("error", reject);
  server.listen(port, "127.0.0.1", () => listens());
  await promise;
  return server;
}
