/** A stream of OpenAI's tells what it cost only if asked to: whether a caller has, and how we ask where not. */
import { type Obj, obj } from "../../canon/json.ts";

/** Has the caller of this body asked for the usage of its stream? */
export function wishesUsage({ stream_options: options }: Obj): boolean {
  return obj(options).include_usage === true;
}

/** The `stream_options` of the body with the wish among them. */
export function withUsageWish({ stream_options: options }: Obj): Obj {
  return { ...obj(options), include_usage: true };
}
