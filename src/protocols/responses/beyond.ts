/** What the end of a text says beyond what was already told of it; nothing where it says something else. */
export function beyond(seen: string, final: string): string {
  return final.startsWith(seen) ? final.slice(seen.length) : "";
}
