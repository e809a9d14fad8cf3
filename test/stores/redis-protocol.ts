/** What Redis answers, read off its connection: RESP, version 2. */

/** A status is a string, a bulk string its bytes, an error an Error. */
export type Reply = string | number | Buffer | Error | null | Reply[];

/** @returns what takes the bytes as they come; each whole reply is handed on */
export function replies(hand: (reply: Reply) => void): (bytes: Buffer) => void {
  let rest: Buffer = Buffer.alloc(0);
  return (bytes) => {
    rest = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
    let read = readReply(rest, 0);
    let from = 0;
    while (read !== undefined) {
      hand(read.reply);
      from = read.end;
      read = readReply(rest, from);
    }
    rest = rest.subarray(from);
  };
}

interface Read {
  readonly reply: Reply;
  readonly end: number;
}

/** `undefined` where the reply is not all there. */
function readReply(bytes: Buffer, from: number): Read | undefined {
  const lineEnd = bytes.indexOf("\r\n", from);
  if (lineEnd < 0) return undefined;
  const line = bytes.toString("utf8", from + 1, lineEnd);
  const end = lineEnd + 2;
  switch (bytes.toString("latin1", from, from + 1)) {
    case "+":
      return { reply: line, end };
    case "-":
      return { reply: new Error(line), end };
    case ":":
      return { reply: Number(line), end };
    case "$":
      return readBulk(bytes, end, Number(line));
    default:
      return readList(bytes, end, Number(line));
  }
}

function readBulk(bytes: Buffer, from: number, length: number): Read | undefined {
  if (length < 0) return { reply: null, end: from };
  const end = from + length + 2;
  return bytes.length < end ? undefined : { reply: Buffer.from(bytes.subarray(from, end - 2)), end };
}

function readList(bytes: Buffer, from: number, length: number): Read | undefined {
  if (length < 0) return { reply: null, end: from };
  const reply: Reply[] = [];
  let end = from;
  for (let index = 0; index < length; index++) {
    const each = readReply(bytes, end);
    if (each === undefined) return undefined;
    reply.push(each.reply);
    end = each.end;
  }
  return { reply, end };
}
