/**
 * What the object that owns a call tells each of its followers, as one stream of bytes: the head of the answer, its
 * bytes, and how it ended. A stream that ends without its last record has been cut off on the way.
 */
import { Fault, type FaultKind } from "../fault.ts";

export interface Head {
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
}

interface Failure {
  readonly kind: FaultKind;
  readonly message: string;
}

export type Told =
  | { readonly type: "head"; readonly head: Head }
  | { readonly type: "bytes"; readonly bytes: Uint8Array }
  | { readonly type: "failure"; readonly failure: Failure }
  | { readonly type: "end" };

const types = ["head", "bytes", "failure", "end"] as const satisfies readonly Told["type"][];

/** A byte for what it is, four for how long it is. */
const prefixBytes = 5;

export function printRecord(told: Told): Uint8Array<ArrayBuffer> {
  const payload = payloadOf(told);
  const record = new Uint8Array(prefixBytes + payload.length);
  record[0] = types.indexOf(told.type);
  new DataView(record.buffer).setUint32(1, payload.length);
  record.set(payload, prefixBytes);
  return record;
}

function payloadOf(told: Told): Uint8Array {
  switch (told.type) {
    case "head":
      return Buffer.from(JSON.stringify(told.head));
    case "bytes":
      return told.bytes;
    case "failure":
      return Buffer.from(JSON.stringify(told.failure));
    case "end":
      return new Uint8Array(0);
  }
}

/** Reads one record after the other; throws the Fault `upstream` where the stream ends before its last one. */
export function recordReader(reader: Pick<ReadableStreamDefaultReader<Uint8Array>, "read">): () => Promise<Told> {
  let rest: Uint8Array = new Uint8Array(0);

  async function take(bytes: number): Promise<Uint8Array> {
    const parts = [rest];
    let size = rest.length;
    while (size < bytes) {
      const { done, value } = await reader.read().catch((cause: unknown) => Promise.reject(brokenOff(cause)));
      if (done) throw brokenOff();
      parts.push(value);
      size += value.length;
    }
    const all = parts.length === 1 ? rest : Buffer.concat(parts, size);
    rest = all.subarray(bytes);
    return all.subarray(0, bytes);
  }

  return async () => {
    const prefix = await take(prefixBytes);
    const type = types[prefix[0] ?? types.length];
    if (type === undefined) throw new Error("no record begins like this");
    const payload = await take(new DataView(prefix.buffer, prefix.byteOffset).getUint32(1));
    switch (type) {
      case "head":
        return { type, head: JSON.parse(Buffer.from(payload).toString()) as Head };
      case "bytes":
        return { type, bytes: payload };
      case "failure":
        return { type, failure: JSON.parse(Buffer.from(payload).toString()) as Failure };
      case "end":
        return { type };
    }
  };
}

/** The object was put out of memory, or nobody waits any more. */
function brokenOff(cause?: unknown): Fault {
  return new Fault("upstream", "The answer that was waited for with others broke off.", { cause });
}
