/** The store on the Durable Objects of the test's own Worker, which gathers nothing and has the test's clock. */
import { env } from "cloudflare:workers";
import { durableStore } from "../../src/stores/durable.ts";
import { gathering } from "../../src/stores/gather.ts";
import type { Store } from "../../src/stores/store.ts";
import type { Directory } from "../../src/teams/directory.ts";
import type { Team } from "../../src/teams/team.ts";

export function objectStore(now: () => number): Store {
  const { TEAM, DIRECTORY } = env as unknown as {
    TEAM: DurableObjectNamespace<Team>;
    DIRECTORY: DurableObjectNamespace<Directory>;
  };
  return durableStore(
    { teams: TEAM, directory: DIRECTORY },
    gathering(async () => undefined),
    now,
  );
}

/** How many rows are written while something is done in an object. */
export async function rowsWritten({ sql }: DurableObjectStorage, act: () => Promise<void>): Promise<number> {
  const exec = sql.exec.bind(sql);
  const cursors: SqlStorageCursor<Record<string, SqlStorageValue>>[] = [];
  sql.exec = ((query: string, ...bindings: SqlStorageValue[]) => {
    const cursor = exec(query, ...bindings);
    cursors.push(cursor);
    return cursor;
  }) as typeof sql.exec;
  await act();
  sql.exec = exec as typeof sql.exec;
  return cursors.reduce((sum, { rowsWritten }) => sum + rowsWritten, 0);
}
