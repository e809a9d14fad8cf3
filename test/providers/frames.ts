/** An encoder of Amazon's event-stream framing, written from its description and sharing nothing with the decoder. */

/** A header: its type, its name, and its value's bytes; types 6 and 7 have a length before them. */
export type Header = readonly [type: number, name: string, value?: Uint8Array];

/** A message. @param length what it says its own length is, where that is to be a lie */
export function encode(headers: readonly Header[], payload: string, length?: number): Buffer {
  const head = Buffer.concat(headers.map(header));
  const body = Buffer.from(payload);
  const prelude = Buffer.concat([number(length ?? 16 + head.length + body.length), number(head.length)]);
  const checked = Buffer.concat([prelude, number(crc(prelude)), head, body]);
  return Buffer.concat([checked, number(crc(checked))]);
}

/** One of Anthropic's events as Bedrock sends it: in base64, in a JSON of its own. */
export function chunk(event: object): Buffer {
  const bytes = Buffer.from(JSON.stringify(event)).toString("base64");
  return encode(typed("event", ":event-type", "chunk"), JSON.stringify({ bytes, p: "abcdefgh" }));
}

/** What Bedrock says when it fails within a stream. */
export function exception(type: string, message: string): Buffer {
  return encode(typed("exception", ":exception-type", type), JSON.stringify({ message }));
}

function typed(message: string, name: string, value: string): Header[] {
  return [
    [7, name, Buffer.from(value)],
    [7, ":content-type", Buffer.from("application/json")],
    [7, ":message-type", Buffer.from(message)],
  ];
}

function header([type, name, value = new Uint8Array(0)]: Header): Buffer {
  const size = type === 6 || type === 7 ? [value.length >> 8, value.length & 0xff] : [];
  return Buffer.concat([Buffer.from([name.length]), Buffer.from(name), Buffer.from([type, ...size]), value]);
}

function number(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  new DataView(bytes.buffer, bytes.byteOffset).setUint32(0, value);
  return bytes;
}

/** CRC-32 bit by bit, as IEEE 802.3 defines it. */
function crc(bytes: Uint8Array): number {
  let rest = 0xffffffff;
  for (const byte of bytes) {
    rest ^= byte;
    for (let bit = 0; bit < 8; bit++) rest = (rest >>> 1) ^ (rest & 1 ? 0xedb88320 : 0);
  }
  return ~rest >>> 0;
}
