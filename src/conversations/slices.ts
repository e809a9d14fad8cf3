/** A long text in the pieces in which it is stored. */

/** A value may have 2 MB; of these characters none has more than three bytes. */
const sliceLength = 256 * 1024;

/** The text in pieces; none ends within a character that is a pair. */
export function slicesOf(text: string): string[] {
  const slices: string[] = [];
  for (let at = 0; at < text.length; ) {
    const end = at + sliceLength;
    const isPair = /[\uD800-\uDBFF]/.test(text.charAt(end - 1));
    slices.push(text.slice(at, isPair ? end - 1 : end));
    at = isPair ? end - 1 : end;
  }
  return slices;
}
