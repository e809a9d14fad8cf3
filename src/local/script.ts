/** How each of our scripts runs: its errors told, its signals heard, its processes ended. */
import { ConfigError } from "../config.ts";
import { CannotStart } from "./cannot-start.ts";
import { type Children, children } from "./children.ts";

/** What a script does. Gives its exit code; `stopped` resolves when somebody wants it to end. */
export type Work = (children: Children, stopped: Promise<void>) => Promise<number>;

/**
 * npm passes Ctrl-C on to a script that got it from the terminal already: two signals that close to each other are one
 * wish, and must not cut the streams that the first one lets run to their end.
 */
const oneWishMs = 500;

/** Runs a script. A second signal ends it, and all it started, at once. */
export async function script(work: Work): Promise<void> {
  const all = children();
  const { promise: stopped, resolve: stop } = Promise.withResolvers<void>();
  let firstAt: number | undefined;
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      const isSecond = firstAt !== undefined && Date.now() - firstAt > oneWishMs;
      firstAt ??= Date.now();
      if (isSecond) void all.kill().then(() => process.exit(130));
      stop();
    });
  }
  // A reader that leaves (`npm start | head`) must not leave workerd behind.
  process.stdout.on("error", () => stop());
  process.on("exit", () => void all.kill());
  try {
    process.exitCode = await work(all, stopped);
  } catch (thrown) {
    const isTold = thrown instanceof ConfigError || thrown instanceof CannotStart;
    console.error(isTold ? thrown.message : thrown);
    process.exitCode = 1;
  } finally {
    await all.kill();
  }
}
