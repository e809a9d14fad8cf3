/** Pages of what is listed in order, alike whatever keeps it. */
import type { Page } from "../stores/store.ts";

/** @param rows those of the page and, where there are more, one that is not */
export function pageOf<T extends { readonly id: string }>(rows: readonly T[], most: number): Page<T> {
  const items = rows.slice(0, most);
  const last = items.at(-1);
  return { items, ...(rows.length > most && last !== undefined && { next: last.id }) };
}

/** Calls are listed by when they came in, then by their ids. */
interface Placed {
  readonly at: number;
  readonly id: string;
  readonly key: string;
}

/** So many rows are read for a page: of one key it may be short, and has a next one all the same. */
export function readFor(most: number, key: string | undefined): number {
  return key === undefined ? most : 500;
}

/** @param rows as many as {@link readFor} says, the newest first, or fewer where there are no more */
export function pageOfCalls<T extends Placed>(rows: readonly T[], most: number, key: string | undefined): Page<T> {
  const items = rows.filter((row) => key === undefined || row.key === key).slice(0, most);
  const last = items.length === most ? items.at(-1) : rows.at(-1);
  const isEnd = rows.length < readFor(most, key) && last === rows.at(-1);
  return { items, ...(!isEnd && last !== undefined && { next: `${last.at}.${last.id}` }) };
}

/** Where a page of calls begins: behind this place. */
export function readCursor(cursor: string | undefined): [at: number, id: string] {
  const [, at, id] = /^(\d{1,15})\.(.+)$/.exec(cursor ?? "") ?? [];
  return at === undefined || id === undefined ? [Number.MAX_SAFE_INTEGER, ""] : [Number(at), id];
}

/** So many groups of an account are read at once, so that no query keeps a team's calls waiting for long. */
export const pageGroups = 500;
