/** A second request for a slow call: who answers, who is cancelled, and what both come to in the account. */
import { describe, expect, it, vi } from "vitest";
import { route } from "../../src/policy/route.ts";
import type { CallRow } from "../../src/stores/store.ts";
import type { Fetch } from "../../src/upstream.ts";
import { question } from "./calls.ts";
import { type Gateway, gateway, play, teamAt } from "./gateway.ts";

const words = (text: string) => ({ blocks: [{ text }], usage: { input: 100, output: 10 } });
const forms = [{ stream: true }, { stream: false }];

/** What a provider does with a call for a model whose name says so. */
type Doing = "silent" | "refuses" | "later";

interface Table {
  readonly at: Gateway;
  readonly name: string;
  readonly cancelled: string[];
  /** Lets the calls go that are to be answered later. */
  release(): void;
}

/** A route over two targets, of which the first answers quickly as a rule, and what they do now. */
async function table(first: Doing | "answers", second: Doing | "answers", more: object = {}): Promise<Table> {
  const name = `hedge-${crypto.randomUUID()}`;
  const [one, two] = [`${name}-one`, `${name}-two`];
  const doings: Readonly<Record<string, string>> = { [one]: first, [two]: second };
  const cancelled: string[] = [];
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  const fetchWith: Fetch = async (url, init) => {
    const text = await new Response(init.body).text();
    const { model } = JSON.parse(text) as { model: string };
    const doing = doings[model];
    if (doing === "refuses") return Response.json({ error: { message: "No." } }, { status: 500 });
    const gone = new Promise<never>((_, reject) => {
      init.signal?.addEventListener("abort", () => {
        cancelled.push(model === one ? "one" : "two");
        reject(new DOMException("gone", "AbortError"));
      });
    });
    if (doing === "silent") return gone;
    if (doing === "later") await Promise.race([released, gone]);
    return fetch(url, { ...init, body: text });
  };
  const targets = [one, two].map((model) => ({ provider: "openai", model }));
  const ROUTES = { [name]: { targets, hedge: true, ...more } };
  const at = gateway({ ROUTES }, fetchWith);
  for (const model of [one, two]) await play(model, words(model === one ? "from the first" : "from the second"));
  const [target] = route({ protocol: "chat", model: `openai/${one}`, body: {} }, at.deps.config);
  if (target === undefined) throw new Error("there is no target");
  for (let count = 0; count < 20; count++) {
    const now = Date.now();
    at.deps.health.begin(target, now);
    at.deps.health.note(target, { result: "answered", firstContentMs: 0 }, now);
  }
  return { at, name, cancelled, release };
}

async function rows({ at }: Table, team = at.team): Promise<readonly CallRow[]> {
  await at.idle();
  return (await at.deps.store.calls(team, undefined, 10)).items;
}

const ask = ({ at, name }: Table, stream: boolean): Promise<Response> =>
  at.post("/v1/chat/completions", question("chat", name, "Hello?", { stream }));

describe.each(forms)("a call that waits longer than nearly ever ($stream)", ({ stream }) => {
  it("is answered by the second target, and the first is cancelled and entered", async () => {
    const all = await table("silent", "answers");
    const answer = await ask(all, stream);
    expect(await answer.text()).toContain("second");
    expect(answer.headers.get("x-gearbox-attempts")).toBe("2");
    expect(answer.headers.get("x-gearbox-retry-reason")).toBe("slow");
    expect(answer.headers.get("x-gearbox-model")).toContain("-two");
    const entered = await rows(all);
    expect(all.cancelled).toEqual(["one"]);
    expect(entered).toHaveLength(2);
    const lost = entered.find(({ model }) => model.endsWith("-one"));
    const won = entered.find(({ model }) => model.endsWith("-two"));
    expect(lost).toMatchObject({ state: "estimated", detail: { hedge: "lost" } });
    expect(won).toMatchObject({ state: "settled", usage: { input: 100, output: 10 } });
    expect(won?.detail).not.toHaveProperty("hedge");
    expect(won?.id).toBe(`${lost?.id}.hedge`);
  });

  it("is answered by the first target after all, where the second fails", async () => {
    const all = await table("later", "refuses");
    const asked = ask(all, stream);
    await vi.waitUntil(async () => (await rows(all)).length > 0);
    all.release();
    expect(await (await asked).text()).toContain("first");
    const entered = await rows(all);
    expect(entered.map(({ model, state }) => [model.split("-").at(-1), state]).sort()).toEqual([
      ["one", "settled"],
      ["two", "released"],
    ]);
  });

  it("fails as the first one where both fail, and owes nothing", async () => {
    const all = await table("refuses", "refuses", { retries: 0 });
    const answer = await ask(all, stream);
    expect(answer.status).toBe(500);
    expect((await rows(all)).every(({ state }) => state === "released")).toBe(true);
  });

  it("goes on alone where its key may have no second call", async () => {
    const all = await table("later", "answers");
    const { post, team } = await teamAt(all.at, { limits: { concurrent: 1 } });
    const reserve = vi.spyOn(all.at.deps.store, "reserve");
    const asked = post("/v1/chat/completions", question("chat", all.name, "Hello?", { stream }));
    await vi.waitUntil(() => reserve.mock.settledResults[1]?.type === "fulfilled");
    all.release();
    expect(await (await asked).text()).toContain("first");
    expect(await rows(all, team)).toHaveLength(1);
  });
});

it("asks nobody else where the route does not say so", async () => {
  const all = await table("later", "answers", { hedge: false });
  const reserve = vi.spyOn(all.at.deps.store, "reserve");
  all.release();
  expect(await (await ask(all, false)).text()).toContain("first");
  expect(reserve).toHaveBeenCalledTimes(1);
  expect(await rows(all)).toHaveLength(1);
});
