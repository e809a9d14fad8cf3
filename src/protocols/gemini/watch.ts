/** Follows a relayed stream: every chunk has the same shape, so one look tells all. */
import { isObj, list, obj } from "../../canon/json.ts";
import { noUsage } from "../../canon/usage.ts";
import type { Fault } from "../../fault.ts";
import type { Frame } from "../../http/sse.ts";
import type { Sight, Watch } from "../protocol.ts";
import { decodeError, encodeFault } from "./fault.ts";
import { flaw } from "./finish.ts";
import { beat, parse } from "./stream.ts";
import { usage } from "./usage.ts";

export function watch(): Watch {
  let known = noUsage;
  return {
    see(frame: Frame): Sight {
      const body = parse(frame);
      if (body === undefined) return {};
      if (isObj(body.error)) return { fault: decodeError(body.error, 502), ends: true };
      known = usage(body, known);
      const candidates = list(body.candidates).map(obj);
      const ends =
        obj(body.promptFeedback).blockReason !== undefined ||
        candidates.some(({ finishReason }) => finishReason !== undefined);
      const fault = flaw(body);
      // The caller may know what to do with such an end, and has it as it came if no other target is left.
      if (fault !== undefined) return { usage: known, fault, ends: true };
      const commits = ends || candidates.some(({ content }) => list(obj(content).parts).length > 0);
      return { usage: known, ...(commits && { commits }), ...(ends && { ends }) };
    },
    // A comment breaks Google's older SDK (wire.md D.3).
    beat: () => [...beat],
    fail: (fault: Fault) => [{ data: JSON.stringify(encodeFault(fault)) }],
  };
}
