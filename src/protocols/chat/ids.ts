/** Ids of calls and users: kept where they can be, else made from what is known, the same each time. */

/** OpenAI refuses longer ids on Chat ("string too long"), on Responses it takes 64; nothing else is asked of them. */
const longest = 40;

/** The most that OpenAI takes for an end user; Claude Code sends about 200 characters, with the device's id in them. */
const longestUser = 64;

export function userId(user: string): string {
  return user.length <= longestUser ? user : `user_${hash(user)}`;
}

/** The id as Chat takes it. A longer one keeps its beginning and is told apart by a hash of the whole. */
export function callId(id: string): string {
  return id.length <= longest ? id : `${id.slice(0, 25)}_${hash(id)}`;
}

/** An id for a call whose provider gave none, out of what is known of it. */
export function madeId(...known: readonly (string | number)[]): string {
  return `call_${hash(JSON.stringify(known))}`;
}

/** 64 bits of FNV-1a over UTF-16 units, run twice with different offsets: 14 characters of base 36. */
function hash(value: string): string {
  return [0x811c9dc5, 0x9747b28c].map((offset) => half(value, offset).toString(36).padStart(7, "0")).join("");
}

function half(value: string, offset: number): number {
  let state = offset;
  for (let at = 0; at < value.length; at++) state = Math.imul(state ^ value.charCodeAt(at), 0x01000193);
  return state >>> 0;
}
