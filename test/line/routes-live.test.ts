/** Routes that the admin writes while calls come in: which isolate goes by them from when on, and what cannot stop a call. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { StoreDown } from "../../src/stores/store-down.ts";
import { callsFor, type Gateway, gateway } from "./gateway.ts";

const adminKey = "an-admin-key-of-more-than-32-characters";
const configured = { configured: { targets: [{ provider: "openai", model: "from-the-configuration" }] } };
const isolate = () => gateway({ ADMIN_KEY: adminKey, ROUTES: configured });
const to = (model: string, more: object = {}) => ({ targets: [{ provider: "openai", model }], ...more });

async function admin(at: Gateway, method: string, path: string, body?: object): Promise<{ version: number }> {
  const answer = await at.ask(`/admin/routes${path}`, {
    method,
    headers: { authorization: `Bearer ${adminKey}` },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  if (!answer.ok) throw new Error(await answer.text());
  return answer.json();
}

const put = (at: Gateway, routes: object) => admin(at, "PUT", "", { routes });

async function call(at: Gateway, model: string): Promise<string> {
  const answer = await at.post("/v1/chat/completions", { model, messages: [{ role: "user", content: "Hi" }] });
  await answer.text();
  return answer.headers.get("x-gearbox-model") ?? String(answer.status);
}

/** How often the isolate has read the routes. */
function counting(at: Gateway): { readonly reads: number } {
  const counted = { reads: 0 };
  const { store } = at.deps;
  const routes: typeof store.routes = (known) => {
    counted.reads++;
    return store.routes(known);
  };
  Object.assign(at.deps, { store: { ...store, routes } });
  return counted;
}

function pass(ms: number): void {
  vi.setSystemTime(Date.now() + ms);
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"] });
});
afterEach(async () => {
  await admin(isolate(), "POST", "/rollback", { version: 0 });
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe("a table of routes that is written at one isolate", () => {
  it("is what that one goes by at once, a new one from its first call, and another within ten seconds", async () => {
    const [one, other] = [isolate(), isolate()];
    expect(await call(other, "configured")).toBe("from-the-configuration");
    await put(one, { live: to("first") });
    expect(await call(one, "live")).toBe("first");
    expect(await call(one, "configured")).toBe("404");
    expect(await call(isolate(), "live")).toBe("first");
    pass(4000);
    // The call that sees that the copy is old reads it behind its own back.
    await call(other, "openai/any");
    await other.idle();
    expect(await call(other, "live")).toBe("first");
  });

  it("is waited for by the first call after a pause", async () => {
    const [one, quiet] = [isolate(), isolate()];
    await put(one, { live: to("first") });
    expect(await call(quiet, "live")).toBe("first");
    await put(one, { live: to("second") });
    expect(await call(quiet, "live")).toBe("first");
    pass(10_000);
    expect(await call(quiet, "live")).toBe("second");
  });

  it("costs calls no reading but one every few seconds", async () => {
    const at = isolate();
    const counted = counting(at);
    for (let made = 0; made < 20; made++) {
      await call(at, "configured");
      pass(200);
    }
    await call(at, "configured");
    await at.idle();
    expect(counted.reads).toBe(2);
  });

  it("goes back version by version", async () => {
    const at = isolate();
    const { version } = await put(at, { live: to("first") });
    await put(at, { live: to("second") });
    expect(await call(at, "live")).toBe("second");
    await admin(at, "POST", "/rollback", { version });
    expect(await call(at, "live")).toBe("first");
    await admin(at, "POST", "/rollback", { version: 0 });
    expect([await call(at, "live"), await call(at, "configured")]).toEqual(["404", "from-the-configuration"]);
  });

  it("counts for OpenAI's other endpoints as well", async () => {
    const at = isolate();
    await put(at, { vectors: to("live-embedding") });
    const answer = await at.post("/v1/embeddings", { model: "vectors", input: "x" });
    expect([answer.status, (await callsFor("live-embedding")).length]).toEqual([200, 1]);
    await answer.text();
  });

  it("is held to what this call needs, as the configuration's", async () => {
    const at = isolate();
    await put(at, { live: to("first", { when: { stream: true } }) });
    expect(await call(at, "live")).toBe("404");
    const answer = await at.post("/v1/chat/completions", { model: "live", stream: true, messages: [] });
    expect([answer.headers.get("x-gearbox-route"), answer.headers.get("x-gearbox-model")]).toEqual(["live", "first"]);
    await answer.text();
  });
});

describe("a store that cannot be asked for the routes", () => {
  it("leaves calls to the last good copy, or to the configuration's", async () => {
    vi.spyOn(console, "error").mockImplementation(() => undefined);
    const [one, other, fresh] = [isolate(), isolate(), isolate()];
    await put(one, { live: to("first") });
    expect(await call(other, "live")).toBe("first");
    for (const at of [other, fresh]) {
      const routes = () => Promise.reject(new StoreDown("down"));
      Object.assign(at.deps, { store: { ...at.deps.store, routes } });
    }
    pass(3_600_000);
    expect(await call(other, "live")).toBe("first");
    expect(await call(fresh, "configured")).toBe("from-the-configuration");
  });
});
