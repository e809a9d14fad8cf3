/**
 * Two kinds of tests: `node` for what is pure and for whole processes, `worker` (test/line) inside workerd. The plugin is
 * the successor of `@cloudflare/vitest-pool-workers`, which is no longer kept and needs an older vitest.
 */
import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    reporters: ["default"],
    projects: [
      {
        test: {
          name: "node",
          include: ["test/**/*.test.ts"],
          exclude: ["test/line/**", "test/clients/**", "**/node_modules/**"],
          testTimeout: 30_000,
        },
      },
      {
        plugins: [cloudflareTest({ main: "./src/index.ts", wrangler: { configPath: "./wrangler.toml" } })],
        test: {
          name: "worker",
          include: ["test/line/**/*.test.ts"],
          globalSetup: ["test/line/setup.ts"],
          testTimeout: 30_000,
        },
      },
    ],
  },
});
