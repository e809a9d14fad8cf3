/** The bridge before Redis, seen by Upstash's own client with the settings it has when nothing is said. */
import { Redis } from "@upstash/redis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Redis as RealRedis, startRedis } from "./redis.ts";

let redis: RealRedis | undefined;

beforeAll(async () => {
  redis = await startRedis();
});

afterAll(() => redis?.close());

describe("the bridge before Redis", () => {
  it("answers as the client expects: text of any script, numbers, nothing, lists within lists", async ({ skip }) => {
    if (redis === undefined) return skip();
    const client = new Redis(redis);
    expect(await client.set("text", "häkchen ✓ \u0000 and more\r\n")).toBe("OK");
    expect(await client.get("text")).toBe("häkchen ✓ \u0000 and more\r\n");
    expect(await client.get("none")).toBeNull();
    expect(await client.incrby("count", 9_007_199_254_740_991)).toBe(9_007_199_254_740_991);
    expect(await client.eval("return {1, {'abcd', {2}}, 'OK'}", [], [])).toEqual([1, ["abcd", [2]], "OK"]);
    const large = "x".repeat(300_000);
    await client.set("large", large);
    expect(await client.get("large")).toBe(large);
  });

  it("runs pipelines and transactions; an error of one command is its own, one of a transaction is all of it", async ({
    skip,
  }) => {
    if (redis === undefined) return skip();
    const client = new Redis({ ...redis, enableAutoPipelining: false });
    expect(await client.pipeline().set("a", "1").get("a").exec()).toEqual(["OK", 1]);
    expect(await client.multi().incr("b").incr("b").exec()).toEqual([1, 2]);
    const mixed = await client.pipeline().set("c", "text").incr("c").get("c").exec({ keepErrors: true });
    expect(mixed.map(({ error }) => error?.slice(0, 9))).toEqual([undefined, "ERR value", undefined]);
    await expect(client.multi().eval("no lua", [], []).exec()).rejects.toThrow("ERR");
    await expect(client.eval("return redis.call('NONE')", [], [])).rejects.toThrow("Unknown Redis command");
    await expect(client.evalsha("0".repeat(40), [], [])).rejects.toThrow("NOSCRIPT");
  });

  it("asks for the token on every path", async ({ skip }) => {
    if (redis === undefined) return skip();
    const asked = ["/", "/pipeline", "/multi-exec"].map((path) =>
      fetch(`${redis?.url}${path}`, { method: "POST", body: '["PING"]', headers: { authorization: "Bearer other" } }),
    );
    expect((await Promise.all(asked)).map(({ status }) => status)).toEqual([401, 401, 401]);
  });
});
