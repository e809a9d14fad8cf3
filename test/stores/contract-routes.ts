/** The store's contract: the versions of the routes, of which there is one list for the whole gateway. */
import { describe, expect, it } from "vitest";
import { keptRoutes, type RoutesVersion } from "../../src/stores/store.ts";
import { now, type Tried } from "./contract-world.ts";

export function routesContract({ name, store }: Tried): void {
  /** Whatever was written before: another engine's tests may have used the same Redis. */
  const newest = async (): Promise<number> => (await store.routes(0))?.version ?? 0;
  const written = (version: number, model: string): RoutesVersion => ({
    version,
    at: now,
    routes: { fast: { targets: [{ provider: "openai", model, weight: 0.5 }] }, empty: {} },
  });

  describe(`${name}: routes`, () => {
    it("the newest version is told to who does not know it, as it was written", async () => {
      const next = (await newest()) + 1;
      const version = written(next, 'm "quoted" ünï');
      expect(await store.addRoutes(version)).toBe(true);
      for (const known of [0, next - 1, next + 5]) expect(await store.routes(known)).toEqual(version);
      expect(await store.routes(next)).toBeUndefined();
      const back = { version: next + 1, at: now + 1, restores: 0 };
      expect(await store.addRoutes(back)).toBe(true);
      expect(await store.routes(next)).toEqual(back);
    });

    it("only the next version is added, and the very same one again is as good as once", async () => {
      const next = (await newest()) + 1;
      const version = written(next, "mine");
      for (const wrong of [next + 1, next - 1]) expect(await store.addRoutes(written(wrong, "theirs"))).toBe(false);
      expect(await store.addRoutes(version)).toBe(true);
      expect(await store.addRoutes(version)).toBe(true);
      expect(await store.addRoutes(written(next, "theirs"))).toBe(false);
      expect(await store.routes(0)).toEqual(version);
    });

    it("of twenty that write at once one is first", async () => {
      const next = (await newest()) + 1;
      const writers = Array.from({ length: 20 }, (_, writer) => store.addRoutes(written(next, `writer ${writer}`)));
      expect((await Promise.all(writers)).filter(Boolean)).toHaveLength(1);
      expect(await newest()).toBe(next);
    });

    it("the last versions are listed, newest first, and the oldest are gone", async () => {
      const next = (await newest()) + 1;
      for (let added = 0; added < keptRoutes + 2; added++) await store.addRoutes(written(next + added, `m${added}`));
      const listed = await store.routesVersions();
      const last = next + keptRoutes + 1;
      expect(listed.map(({ version }) => version)).toEqual(Array.from({ length: keptRoutes }, (_, at) => last - at));
      expect(listed[0]).toEqual(written(last, `m${keptRoutes + 1}`));
    });
  });
}
