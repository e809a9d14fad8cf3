/** `npm start` as a stranger meets it: real processes, free ports, data folders that are gone afterwards. */
import { execFile } from "node:child_process";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { promisify } from "node:util";
import { afterEach, describe, expect, it } from "vitest";
import { childrenOf, isAlive, rig } from "./starting.ts";

const { start, folder, clear } = rig();
const servers: Server[] = [];

afterEach(async () => {
  await clear();
  for (const server of servers.splice(0)) server.close();
});

describe("the first start", () => {
  it("prints a curl line that works when pasted, answered by the simulated provider", async () => {
    const gateway = start({ DATA_DIR: folder() });
    const printed = await gateway.prints(/^curl .*$/m);
    const line = /^curl .*$/m.exec(printed)?.[0] ?? "";
    const { stdout } = await promisify(execFile)("bash", ["-c", `${line} --silent --include`]);

    expect(printed).toContain("a simulated provider runs beside the gateway");
    expect(printed).toContain("OPENAI_API_KEY");
    expect(printed).toContain("simulated/demo");
    expect(stdout).toMatch(/^HTTP\/1.1 200/);
    expect(stdout).toMatch(/^x-gearbox-simulated: /im);
    expect(stdout).toContain('"object":"chat.completion"');
  });

  it("keeps the secret and the key readable by their owner only, and prints the same key later", async () => {
    const data = folder();
    const first = start({ DATA_DIR: data });
    const key = keyIn(await first.prints(/^curl /m));
    first.signal("SIGINT");
    expect(await first.exit).toBe(0);

    expect(mode(data)).toBe(0o700);
    expect(mode(join(data, "first-key"))).toBe(0o600);
    expect(mode(join(data, "secret"))).toBe(0o600);
    const again = start({ DATA_DIR: data });
    expect(keyIn(await again.prints(/^curl /m))).toBe(key);
    expect(again.printed()).not.toContain(readFileSync(join(data, "secret"), "utf8").trim());
  });

  it("writes no setting's value into a file", async () => {
    const data = folder();
    const gateway = start({ DATA_DIR: data, OPENAI_API_KEY: "sk-never-on-disk", GEARBOX_SECRET: "s".repeat(40) });
    const printed = await gateway.prints(/^curl /m);

    const texts = readdirSync(data, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(join(entry.parentPath, entry.name), "latin1"));
    expect(texts.join("\n")).toContain('fromEnvironment = "OPENAI_API_KEY"');
    expect(texts.filter((text) => text.includes("sk-never-on-disk") || text.includes("s".repeat(40)))).toEqual([]);
    expect(printed).toContain("openai/gpt-5.5");
    expect(printed).not.toContain("sk-never-on-disk");
    expect(printed).not.toContain("simulated");
  });
});

describe("the end", () => {
  it("comes when the running stream has ended properly, and leaves no process", async () => {
    const provider = await slowProvider();
    const entry = { slow: { base: provider.base, speaks: ["chat"] } };
    const gateway = start({ DATA_DIR: folder(), PROVIDERS: JSON.stringify(entry) });
    const printed = await gateway.prints(/^curl /m);
    const children = childrenOf(gateway.pid);
    const url = /base URL +(\S+)/.exec(printed)?.[1];
    const answer = await ask(url, keyIn(printed));
    expect(answer.status).toBe(200);
    // Two at once are what npm makes of one Ctrl-C.
    gateway.signal("SIGTERM");
    gateway.signal("SIGINT");
    await gateway.prints(/^Stopping /m);
    provider.finish();
    const text = await answer.text();

    expect(text).toContain('"content":"early"');
    expect(text).toContain('"content":"late"');
    expect(text.trimEnd().endsWith("data: [DONE]")).toBe(true);
    expect(await gateway.exit).toBe(0);
    expect(children.length).toBe(1);
    expect(children.filter(isAlive)).toEqual([]);
  });

  it("comes at once with a second signal", async () => {
    const provider = await slowProvider();
    const gateway = start({ DATA_DIR: folder(), PROVIDERS: JSON.stringify({ slow: { base: provider.base } }) });
    const printed = await gateway.prints(/^curl /m);
    const children = childrenOf(gateway.pid);
    const url = /base URL +(\S+)/.exec(printed)?.[1];
    const answer = await ask(url, keyIn(printed));
    gateway.signal("SIGTERM");
    await gateway.prints(/^Stopping /m);
    // Signals close to each other count as one, so it is repeated, as an impatient person would.
    const impatience = setInterval(() => gateway.signal("SIGTERM"), 100);
    const outcome = await gateway.exit;
    clearInterval(impatience);

    expect(outcome).toBe(130);
    expect(children.filter(isAlive)).toEqual([]);
    await expect(answer.text()).rejects.toThrow();
  });

  it("leaves no process when it comes before the start is done", async () => {
    const data = folder();
    const gateway = start({ DATA_DIR: data });
    const children = await firstChildren(gateway.pid);
    gateway.signal("SIGTERM");

    expect(await gateway.exit).toBe(0);
    expect(gateway.printed()).toBe("");
    expect(children.filter(isAlive)).toEqual([]);
  });

  it("comes when nobody reads what is printed", async () => {
    const gateway = start({ DATA_DIR: folder() });
    const children = await firstChildren(gateway.pid);
    gateway.deafen();

    expect(await gateway.exit).toBe(0);
    expect(children.filter(isAlive)).toEqual([]);
  });

  it("takes the simulated provider along", async () => {
    const gateway = start({ DATA_DIR: folder() });
    await gateway.prints(/^curl /m);
    const children = childrenOf(gateway.pid);
    gateway.signal("SIGTERM");

    expect(await gateway.exit).toBe(0);
    expect(children.length).toBe(2);
    expect(children.filter(isAlive)).toEqual([]);
  });

  it("is an error when workerd dies", async () => {
    const gateway = start({ DATA_DIR: folder() });
    await gateway.prints(/^curl /m);
    const children = childrenOf(gateway.pid);
    for (const pid of children.filter(isWorkerd)) process.kill(pid, "SIGKILL");

    expect(await gateway.exit).toBe(1);
    expect(gateway.printed()).toContain("workerd ended unexpectedly (SIGKILL)");
    expect(children.filter(isAlive)).toEqual([]);
  });
});

describe("what stands in the way", () => {
  it("is told of a second start on the same data folder", async () => {
    const data = folder();
    const first = start({ DATA_DIR: data });
    await first.prints(/^curl /m);
    const second = start({ DATA_DIR: data });

    expect(await second.exit).toBe(1);
    expect(second.printed().trim()).toBe(
      `The data folder ${data} is in use by another gateway, process ${first.pid}. Stop that one first, or set DATA_DIR to another folder.`,
    );
  });

  it("is told of a workerd whose start script was killed, until that is gone", async () => {
    const data = folder();
    const first = start({ DATA_DIR: data });
    await first.prints(/^curl /m);
    const children = childrenOf(first.pid);
    const [workerd = 0] = children.filter(isWorkerd);
    first.signal("SIGKILL");
    await first.exit;
    try {
      const second = start({ DATA_DIR: data });
      expect(await second.exit).toBe(1);
      expect(second.printed()).toContain(`in use by workerd, process ${workerd}`);
    } finally {
      // What made the bundle may have ended by itself.
      for (const pid of children.filter(isAlive)) process.kill(pid, "SIGKILL");
    }
    await start({ DATA_DIR: data }).prints(/^curl /m);
  });

  it("is told of a port in use", async () => {
    const port = await listen(createServer());
    const gateway = start({ DATA_DIR: folder(), PORT: String(port) });

    expect(await gateway.exit).toBe(1);
    expect(gateway.printed().trim()).toBe(
      `Port ${port} of 127.0.0.1 is in use by another program. Stop that one, or set PORT to a free one.`,
    );
  });

  it("is told of bad settings: each with its path and its fix, before anything was made", async () => {
    const data = folder();
    const missing = join(data, "not-made");
    const PROVIDERS = '{"local":{"base":"http://127.0.0.1:1/v1","speeks":["chat"]}}';
    const gateway = start({ DATA_DIR: missing, PORT: "http", HEARTBEAT_MS: "1", ADMIN_KEY: "short", PROVIDERS });

    expect(await gateway.exit).toBe(1);
    expect(gateway.printed()).toContain("The configuration has 4 mistakes:");
    expect(gateway.printed()).toContain("PROVIDERS.local.speeks: is not known\n    Fix: Did you mean speaks?");
    for (const path of ["PORT", "HEARTBEAT_MS", "ADMIN_KEY"])
      expect(gateway.printed()).toMatch(new RegExp(`^  ${path}: .*\n    Fix: `, "m"));
    expect(readdirSync(data)).toEqual([]);
  });
});

/** A provider whose stream says one word, and goes on when it is told to. */
async function slowProvider(): Promise<{ readonly base: string; readonly finish: () => void }> {
  const begun = Promise.withResolvers<ServerResponse>();
  const server = createServer((request, response) => {
    request.resume().on("end", () => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(chunk({ role: "assistant", content: "early" }, null));
      begun.resolve(response);
    });
  });
  const port = await listen(server);
  return {
    base: `http://127.0.0.1:${port}/v1`,
    finish: () => {
      void begun.promise.then((response) =>
        response.end(`${chunk({ content: "late" }, null)}${chunk({}, "stop")}data: [DONE]\n\n`),
      );
    },
  };
}

function ask(url: string | undefined, key: string | undefined): Promise<Response> {
  return fetch(`${url}/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify({ model: "slow/any", stream: true, messages: [{ role: "user", content: "Hi" }] }),
  });
}

/** The processes that a start script has as soon as it has any: those that bundle the Worker. */
async function firstChildren(pid: number): Promise<readonly number[]> {
  for (;;) {
    const children = childrenOf(pid);
    if (children.length > 0) return children;
    await setImmediate();
  }
}

function chunk(delta: object, reason: string | null): string {
  const choices = [{ index: 0, delta, finish_reason: reason }];
  const data = { id: "chatcmpl-1", object: "chat.completion.chunk", created: 1, model: "any", choices };
  return `data: ${JSON.stringify(data)}\n\n`;
}

function listen(server: Server): Promise<number> {
  servers.push(server);
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port));
  });
}

function isWorkerd(pid: number): boolean {
  return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0")[0]?.endsWith("/workerd") === true;
}

function keyIn(printed: string): string | undefined {
  return /^ {2}key +(gbx_\w+)$/m.exec(printed)?.[1];
}

function mode(path: string): number {
  return statSync(path).mode & 0o777;
}
