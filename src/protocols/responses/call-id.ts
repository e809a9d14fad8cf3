/**
 * Call ids on their way to OpenAI, which takes at most 64 characters of any kind. A longer one keeps its beginning and
 * gets a hash of the whole, so that a call and its result, today and in the next turn, meet under the same id.
 */
export function callId(id: string): string {
  return id.length <= longest ? id : `${id.slice(0, longest - 17)}_${hash(id)}`;
}

const longest = 64;

/** Two 32-bit FNV-1a hashes of the UTF-16 units, 16 hexadecimal digits: to tell ids apart, not to hide them. */
export function hash(value: string): string {
  let low = 0x811c9dc5;
  let high = 0x9747b28c;
  for (let at = 0; at < value.length; at++) {
    const unit = value.charCodeAt(at);
    low = Math.imul(low ^ unit, 0x01000193);
    high = Math.imul(high ^ (unit + at), 0x01000193);
  }
  return hex(high) + hex(low);
}

function hex(word: number): string {
  return (word >>> 0).toString(16).padStart(8, "0");
}
