/**
 * Names and ids that Gemini takes. Call ids cross unchanged: Gemini sets no rule for them. A name with other characters
 * than Gemini's, or too long a one, is cleaned and gets a hash of itself, the same in every process.
 */

const valid = /^[A-Za-z_][A-Za-z0-9_.:-]{0,127}$/;

/** The name under which Gemini knows a function. */
export function functionName(name: string): string {
  if (valid.test(name)) return name;
  const clean = name.replace(/[^A-Za-z0-9_.:-]/g, "_").slice(0, 118);
  return `_${clean}_${hashOf(name)}`;
}

/** FNV-1a over UTF-16 units, in 8 hexadecimal digits: it separates names and protects nothing. */
export function hashOf(text: string): string {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, "0");
}
