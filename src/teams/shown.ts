/** A team and a key as people are told of them, with times as ISO 8601 has them. */
import type { KeyRecord, TeamRecord } from "./records.ts";

/** A key as its admin sees it: no hash, which is nobody's business. */
export type ShownKey = Omit<KeyRecord, "hash" | "created_at" | "expires_at" | "revoked_at"> & {
  readonly created_at: string;
  readonly expires_at: string | null;
  readonly revoked_at: string | null;
};

export function shownKey({ hash: _, created_at, expires_at, revoked_at, ...key }: KeyRecord): ShownKey {
  const iso = (at: number | undefined): string | null => (at === undefined ? null : new Date(at).toISOString());
  return {
    ...key,
    created_at: new Date(created_at).toISOString(),
    expires_at: iso(expires_at),
    revoked_at: iso(revoked_at),
  };
}

export function bareTeam({ id, name, created_at, settings }: TeamRecord) {
  return { id, name, created_at: new Date(created_at).toISOString(), settings };
}
