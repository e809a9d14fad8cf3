/** Ends the provider's work when the caller leaves, when this attempt is given up, or when we say so. */
export function leaving(request: Request, givenUp?: AbortSignal): AbortController {
  const abort = new AbortController();
  for (const signal of [request.signal, givenUp]) {
    signal?.addEventListener("abort", () => abort.abort(), { once: true });
    // Who has left before, while its call waited for its turn, is told of no more.
    if (signal?.aborted) abort.abort();
  }
  return abort;
}
