/** The network, and what signing a call may need beside it. */

/** `isPrivate`: the operator wrote the address, so it may lie in a private network. Nothing else ever may. */
export type Fetch = (url: string, init: RequestInit, isPrivate: boolean) => Promise<Response>;

/** The platform's own; the way into private networks is there only where the start script binds it. */
export function platformFetch({ PRIVATE }: { readonly PRIVATE?: Fetcher }): Fetch {
  return (url, init, isPrivate) => (isPrivate && PRIVATE !== undefined ? PRIVATE.fetch(url, init) : fetch(url, init));
}

/** A body in slices that are sent one after the other, or one that comes as it goes. */
export type OutgoingBody = readonly Uint8Array[] | ReadableStream<Uint8Array>;

export interface Network {
  readonly fetch: Fetch;
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly isPrivate: boolean;
}
