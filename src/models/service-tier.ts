/**
 * What a token costs in each service tier, as a multiple of the listed price. The vendors' price pages, autumn 2026 as
 * far as known; batches and flex are half everywhere. A vendor that is not here has one price, whatever a call asks for.
 */

/** By the word that a call asks with. `fast` is also Anthropic's `speed`. */
export function factorsOf(provider: string, model: string): Readonly<Record<string, number>> {
  switch (provider) {
    case "openai":
    case "azure": {
      const priority = /^gpt-5[.-]5/.test(model) ? 2.5 : 2;
      return { ...usual, ...half, scale: 1, priority, fast: priority };
    }
    case "gemini":
    case "vertex":
      return { ...usual, ...half, priority: 2 };
    case "anthropic":
    case "vertex-claude":
    case "bedrock":
      return { ...usual, batch: 0.5, standard_only: 1, priority: 1, fast: 6 };
    case "bedrock-chat":
      return { ...usual, ...half, priority: 1.75 };
    default:
      return usual;
  }
}

const usual = { default: 1, auto: 1, standard: 1 } as const;
const half = { flex: 0.5, batch: 0.5 } as const;
