/**
 * What is the whole gateway's and no team's: one such Durable Object lists the teams, for the admin's list only; another
 * keeps the versions of the routes. No call asks them: isolates read the routes beside their calls.
 */
import { DurableObject } from "cloudflare:workers";

const schema = `
  CREATE TABLE IF NOT EXISTS teams (id TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS routes (version INTEGER PRIMARY KEY, json TEXT NOT NULL) STRICT;
`;

export class Directory extends DurableObject {
  #isReady = false;

  add(id: string): void {
    this.#prepare();
    this.ctx.storage.sql.exec("INSERT OR IGNORE INTO teams VALUES (?)", id);
  }

  remove(id: string): void {
    this.#prepare();
    this.ctx.storage.sql.exec("DELETE FROM teams WHERE id = ?", id);
  }

  /** Ids in order, those behind `after`. */
  list(after: string, most: number): string[] {
    this.#prepare();
    const rows = this.ctx.storage.sql.exec<{ id: string }>(
      "SELECT id FROM teams WHERE id > ? ORDER BY id LIMIT ?",
      after,
      most,
    );
    return [...rows].map(({ id }) => id);
  }

  /** The newest version of the routes as text; `undefined` where that is `known` or there is none. */
  routes(known: number): string | undefined {
    const newest = this.#newest();
    return newest === undefined || newest.version === known ? undefined : newest.json;
  }

  /** False where it is not the next one. Of the versions before it the last few stay, `kept` together. */
  addRoutes(version: number, json: string, kept: number): boolean {
    const newest = this.#newest();
    if (newest?.version === version) return newest.json === json;
    if (version !== (newest?.version ?? 0) + 1) return false;
    const { sql } = this.ctx.storage;
    this.ctx.storage.transactionSync(() => {
      sql.exec("INSERT INTO routes VALUES (?, ?)", version, json);
      sql.exec("DELETE FROM routes WHERE version <= ?", version - kept);
    });
    return true;
  }

  /** Newest first. */
  routesVersions(): string[] {
    this.#prepare();
    const rows = this.ctx.storage.sql.exec<{ json: string }>("SELECT json FROM routes ORDER BY version DESC");
    return [...rows].map(({ json }) => json);
  }

  #newest(): { version: number; json: string } | undefined {
    this.#prepare();
    const rows = this.ctx.storage.sql.exec<{ version: number; json: string }>(
      "SELECT version, json FROM routes ORDER BY version DESC LIMIT 1",
    );
    return [...rows][0];
  }

  #prepare(): void {
    if (this.#isReady) return;
    this.ctx.storage.sql.exec(schema);
    this.#isReady = true;
  }
}
