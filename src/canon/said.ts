/** How much text a frame of a relayed stream carries, without parsing it: most frames are one token each. */

const string = '"([^"\\\\]*(?:\\\\.[^"\\\\]*)*)"';

/**
 * A counter of the bytes in the strings under these member names, as they are written. A quote inside a text is escaped,
 * so that a text which speaks of such members is not taken for one.
 */
export function saidIn(...names: readonly string[]): (data: string) => number {
  const pattern = new RegExp(`"(?:${names.join("|")})"\\s*:\\s*${string}`, "g");
  return (data) => {
    let bytes = 0;
    for (const [, text = ""] of data.matchAll(pattern)) bytes += Buffer.byteLength(text);
    return bytes;
  };
}
