/** What a model's name tells about the grammar it wants. */

/**
 * Gemini 3 and later: the first call of a step must carry its signature (wire.md B.4.6). A Gemini without a number
 * (`gemini-flash-latest`) is a late one.
 */
export function wantsSignatures(model: string): boolean {
  return model.includes("gemini-") && !isOld(model);
}

/** May images stand inside a function's response? Only Gemini 2.5 and before want them behind it (wire.md C.8). */
export function takesMediaInResults(model: string): boolean {
  return !isOld(model);
}

function isOld(model: string): boolean {
  const version = /gemini-(\d+)/.exec(model)?.[1];
  return version !== undefined && Number(version) < 3;
}
