import { describe, expect, it } from "vitest";
import { Fault } from "../../src/fault.ts";
import { authenticator } from "../../src/policy/auth.ts";
import { checkKey, mintKey, mintTeam } from "../../src/policy/key.ts";
import type { Grant, Store } from "../../src/stores/store.ts";
import { StoreDown } from "../../src/stores/store-down.ts";
import type { KeyRecord } from "../../src/teams/records.ts";

const random = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length));
const root = "a root secret of more than 32 characters";
const key = mintKey(root, mintTeam(random), random);

function grantOf(team: string, hash: string, key: Partial<KeyRecord> = {}): Grant {
  const made = { name: "a name", created_at: 0, settings: {} };
  return { team: { id: team, ...made }, key: { id: "key_1", hash, prefix: "gbx_", ...made, ...key } };
}

/** A store that knows these keys, and counts how often it is asked. */
function storeOf(...keys: string[]): Pick<Store, "find" | "adopt"> & { asked: number; keys: string[] } {
  return {
    keys,
    asked: 0,
    async find(team, hash) {
      this.asked++;
      return this.keys.some((each) => checkKey([root], each)?.hash === hash) ? grantOf(team, hash) : undefined;
    },
    adopt: () => Promise.reject(new Error("not asked for here")),
  };
}

const call = (headers: Record<string, string>, path = "/v1/responses"): Request =>
  new Request(`http://gearbox.test${path}`, { headers });

async function faultOf(promise: Promise<unknown>): Promise<Fault> {
  const thrown = await promise.then(
    () => undefined,
    (why: unknown) => why,
  );
  if (!(thrown instanceof Fault)) throw new Error(`no fault but ${String(thrown)}`);
  return thrown;
}

describe("a key", () => {
  it.each([
    ["authorization", call({ authorization: `Bearer ${key}` })],
    ["authorization, in any case", call({ authorization: `bearer  ${key} ` })],
    ["x-api-key", call({ "x-api-key": key })],
    ["x-goog-api-key", call({ "x-goog-api-key": key })],
    ["?key=", call({}, `/v1/models?key=${key}`)],
  ])("is taken from %s", async (_, request) => {
    const {
      team: { id: team },
    } = await authenticator([root]).authenticate(request, storeOf(key), 0);
    expect(team).toBe(key.split("_")[1]);
  });

  it.each([
    ["none", call({})],
    ["an empty one", call({ authorization: "Bearer " })],
    ["another product's", call({ authorization: "Bearer sk-1234567890" })],
    ["one with a wrong check", call({ authorization: `Bearer ${key.slice(0, -1)}${key.endsWith("0") ? "1" : "0"}` })],
    ["one too long", call({ authorization: `Bearer ${key}0` })],
  ])("is refused without asking the store: %s", async (_, request) => {
    const store = storeOf(key);
    expect((await faultOf(authenticator([root]).authenticate(request, store, 0))).kind).toBe("bad_key");
    expect(store.asked).toBe(0);
  });

  it("that the store does not know is refused, without telling it from a false one", async () => {
    const unknown = await faultOf(authenticator([root]).authenticate(call({ "x-api-key": key }), storeOf(), 0));
    const forged = call({ "x-api-key": `${key.slice(0, -2)}00` });
    expect(unknown.message).toBe((await faultOf(authenticator([root]).authenticate(forged, storeOf(), 0))).message);
    expect(unknown.message).not.toContain(key);
  });

  it("is remembered for ten seconds, known or not, and then asked for again", async () => {
    const store = storeOf(key);
    const auth = authenticator([root]);
    const request = call({ "x-api-key": key });
    await auth.authenticate(request, store, 0);
    store.keys = [];
    await auth.authenticate(request, store, 9_999);
    expect(store.asked).toBe(1);
    expect((await faultOf(auth.authenticate(request, store, 10_000))).kind).toBe("bad_key");
    store.keys = [key];
    expect((await faultOf(auth.authenticate(request, store, 19_999))).kind).toBe("bad_key");
    await auth.authenticate(request, store, 20_000);
    expect(store.asked).toBe(3);
  });
});

describe("a key that was", () => {
  it.each([
    ["let expire", { expires_at: 5000 }, 4999, 5000],
    ["revoked", { revoked_at: 1 }, undefined, 20_000],
  ] as const)("%s is refused from then on, remembered or not", async (_, record, good, bad) => {
    const auth = authenticator([root]);
    const store = { ...storeOf(), find: async (team: string, hash: string) => grantOf(team, hash, record) };
    const request = call({ authorization: `Bearer ${key}` });
    if (good !== undefined) await auth.authenticate(request, store, good);
    expect((await faultOf(auth.authenticate(request, store, bad))).kind).toBe("bad_key");
  });
});

describe("while the store is down", () => {
  const request = call({ authorization: `Bearer ${key}` });
  const down = { ...storeOf(), find: () => Promise.reject(new StoreDown("gone")) };

  it("a call is refused, clearly", async () => {
    const fault = await faultOf(authenticator([root]).authenticate(request, down, 0));
    expect(fault).toMatchObject({ kind: "busy", code: "store_unavailable" });
  });

  it.each([
    ["open", true],
    ["closed", false],
  ] as const)("a key that is remembered of a team that is %s is let in: %s", async (store_down, isIn) => {
    const auth = authenticator([root]);
    const up = {
      ...storeOf(),
      async find(team: string, hash: string) {
        const grant = grantOf(team, hash);
        return { ...grant, team: { ...grant.team, settings: { store_down } } };
      },
    };
    await auth.authenticate(request, up, 0);
    const asked = auth.authenticate(request, down, 60_000);
    if (isIn) expect((await asked).key.id).toBe("key_1");
    else expect((await faultOf(asked)).code).toBe("store_unavailable");
  });
});

it("the start-up's own key is entered when it is first used", async () => {
  const checked = checkKey([root], key);
  const adopted: string[] = [];
  const store = {
    find: async (team: string, hash: string) => (adopted.length > 0 ? grantOf(team, hash) : undefined),
    adopt: async (team: { id: string }) => void adopted.push(team.id),
  };
  const grant = await authenticator([root], checked?.hash).authenticate(
    call({ authorization: `Bearer ${key}` }),
    store,
    0,
  );
  expect(adopted).toEqual([checked?.team]);
  expect(grant.team.id).toBe(checked?.team);
});
