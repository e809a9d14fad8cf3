/** Ends the provider's work when the caller leaves, when this attempt is given up, or when we say so. */
export function leaving(request: Request, givenUp?: AbortSignal): AbortController {
  const abort = new AbortController();
  request.signal.addEventListener("abort", () => abort.abort(), { once: true });
  givenUp?.addEventListener("abort", () => abort.abort(), { once: true });
  return abort;
}
