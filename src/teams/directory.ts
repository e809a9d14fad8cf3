/** The one Durable Object that knows which teams there are, for the admin's list only: no call ever asks it. */
import { DurableObject } from "cloudflare:workers";

const schema = "CREATE TABLE IF NOT EXISTS teams (id TEXT PRIMARY KEY) STRICT, WITHOUT ROWID";

export class Directory extends DurableObject {
  add(id: string): void {
    this.ctx.storage.sql.exec(schema);
    this.ctx.storage.sql.exec("INSERT OR IGNORE INTO teams VALUES (?)", id);
  }

  remove(id: string): void {
    this.ctx.storage.sql.exec(schema);
    this.ctx.storage.sql.exec("DELETE FROM teams WHERE id = ?", id);
  }

  /** Ids in order, those behind `after`. */
  list(after: string, most: number): string[] {
    this.ctx.storage.sql.exec(schema);
    const rows = this.ctx.storage.sql.exec<{ id: string }>(
      "SELECT id FROM teams WHERE id > ? ORDER BY id LIMIT ?",
      after,
      most,
    );
    return [...rows].map(({ id }) => id);
  }
}
