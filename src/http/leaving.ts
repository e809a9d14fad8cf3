/** Ends the provider's work when the caller leaves, or when we say so. */
export function leaving(request: Request): AbortController {
  const abort = new AbortController();
  request.signal.addEventListener("abort", () => abort.abort(), { once: true });
  return abort;
}
