/** A relayed call on its way to another account than the one that answered so far, without what only that one can read. */
import type { Call } from "./call.ts";
import type { Obj } from "./canon/json.ts";
import type { Lose } from "./canon/request.ts";
import { edited } from "./edited.ts";
import { elementEdits, elements, setMember } from "./http/json.ts";
import { protocols } from "./protocols/index.ts";
import type { Ranges } from "./protocols/protocol.ts";

/** All else stays byte for byte as the caller wrote it. */
export function withoutForeign(call: Call, foreign: Ranges, model: string, lose: Lose): Call {
  const { bytes, spans, body } = call;
  if (foreign.length === 0) return call;
  const disowned = protocols[call.protocol].request.disown(body, foreign, model, lose);
  const span = spans.get(disowned.member);
  if (span === undefined || disowned.items.size === 0) return call;
  const texts = [...disowned.items].map(([at, item]) => [at, item && JSON.stringify(item)] as const);
  const others = Object.entries(disowned.members ?? {}).map(([name, value]) => {
    return setMember(bytes, spans, name, JSON.stringify(value));
  });
  const left = edited(call, [...elementEdits(elements(bytes, span), new Map(texts)), ...others], body);
  // What a path says in place of the body stays.
  return { ...left, body: { ...body, ...(JSON.parse(new TextDecoder().decode(left.bytes)) as Obj) } };
}
