/**
 * What a team's object keeps, and how an older one is brought up to date when it wakes. Tables are without row ids and
 * without indexes beside their key, since each row of an index that is written is billed as one.
 */

/** A newer version than this one was written by a newer gateway: it is left alone. */
const schemaVersion = 3;

const tables = `
  CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value ANY) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS keys (id TEXT PRIMARY KEY, hash TEXT NOT NULL UNIQUE, record TEXT NOT NULL)
    STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS holds (
    id TEXT PRIMARY KEY, expires INTEGER NOT NULL, granted INTEGER NOT NULL, charged TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS calls (
    at INTEGER NOT NULL, id TEXT NOT NULL, key TEXT NOT NULL, entry TEXT NOT NULL, paid TEXT, PRIMARY KEY (at, id)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS rollups (
    day TEXT NOT NULL, key TEXT NOT NULL, provider TEXT NOT NULL, model TEXT NOT NULL, effort TEXT NOT NULL,
    calls INTEGER NOT NULL, input INTEGER NOT NULL, cacheRead INTEGER NOT NULL, cacheWrite INTEGER NOT NULL,
    output INTEGER NOT NULL, reasoning INTEGER NOT NULL, cost INTEGER NOT NULL, estimated INTEGER NOT NULL,
    unpriced INTEGER NOT NULL, hits INTEGER NOT NULL, saved INTEGER NOT NULL,
    PRIMARY KEY (day, key, provider, model, effort)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS sums (meter TEXT PRIMARY KEY, spent INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS outbox (
    id TEXT PRIMARY KEY, event TEXT NOT NULL, due INTEGER NOT NULL, tries INTEGER NOT NULL, delivered INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
`;

/** Calls of version 1 had a key's hash, no price and no key of the admin API: all were the start-up's own key's. */
const fromVersion1 = `
  INSERT INTO calls (at, id, key, entry) SELECT at, id, 'first', json_object(
    'id', id, 'key', 'first', 'at', at, 'protocol', 'chat', 'asked', model, 'provider', provider, 'model', model,
    'state', state, 'status', status, 'usage', json_patch('{}', json_object('input', input, 'cacheRead', cache_read,
    'cacheWrite', cache_write, 'output', output, 'reasoning', reasoning, 'searches', searches))) FROM usage;
  INSERT INTO rollups SELECT date(at / 1000, 'unixepoch'), 'first', provider, model, '', count(*),
    coalesce(sum(input), 0), coalesce(sum(cache_read), 0), coalesce(sum(cache_write), 0), coalesce(sum(output), 0),
    coalesce(sum(reasoning), 0), 0, sum(state = 'estimated'), sum(state != 'released'), 0, 0
    FROM usage GROUP BY 1, provider, model;
  DROP TABLE usage;
`;

/** Version 2 knew nothing of answers from the cache. */
const fromVersion2 = `
  ALTER TABLE rollups ADD COLUMN hits INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE rollups ADD COLUMN saved INTEGER NOT NULL DEFAULT 0;
`;

/** Makes the tables, or brings them up to this version. Throws on those of a newer one. */
export function prepare(storage: DurableObjectStorage): void {
  storage.transactionSync(() => {
    const version = versionOf(storage.sql);
    if (version > schemaVersion) {
      throw new Error(`the data were written by a newer version of Gearbox (schema ${version}, not ${schemaVersion})`);
    }
    if (version === schemaVersion) return;
    storage.sql.exec(tables);
    if (version === 1) storage.sql.exec(fromVersion1);
    if (version === 2) storage.sql.exec(fromVersion2);
    storage.sql.exec("INSERT OR REPLACE INTO meta VALUES ('schema', ?)", schemaVersion);
  });
}

/** 0 where nothing was ever written; looking writes nothing. */
export function versionOf(sql: SqlStorage): number {
  const [table] = sql.exec("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'meta'");
  if (table === undefined) return 0;
  const [version] = sql.exec<{ value: number }>("SELECT value FROM meta WHERE name = 'schema'");
  return version?.value ?? 0;
}

/** What is erased with a team. Its tombstone is in `meta`. */
export const teamTables = ["keys", "holds", "calls", "rollups", "sums", "outbox"] as const;
