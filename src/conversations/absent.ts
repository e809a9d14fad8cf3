/**
 * What is said of a response or an item that is not there: never made, expired, deleted or another team's, all alike.
 * And of a shard that does not answer.
 */
import { Fault } from "../fault.ts";

/** Is nothing stored for the team, then it is the call that is wrong, and not what it names that is missing. */
const kindOf = (isOff: boolean) => (isOff ? "bad_request" : "not_found");

/** The response that a call wants to go on from. OpenAI's words and code (wire.md B.2.4). */
export function noPrevious(id: string, isOff: boolean): Fault {
  return new Fault(kindOf(isOff), `Previous response with id '${id}' not found.`, {
    param: "previous_response_id",
    code: "previous_response_not_found",
  });
}

/** An item that a call names by its id alone; OpenAI's words (wire.md C.22). */
export function noItem(id: string, isOff: boolean): Fault {
  const message =
    `Item with id '${id}' not found. Items are not persisted when \`store\` is set to false. ` +
    "Try again with `store` set to true, or remove this item from your input.";
  return new Fault(kindOf(isOff), message, { param: "input" });
}

/** The response that a path names. */
export function noResponse(id: string): Fault {
  return new Fault("not_found", `Response with id '${id}' not found.`);
}

/** What the promise gives; a shard that does not answer says nothing of the call, which may be tried again. */
export async function reached<T>(asked: Promise<T>): Promise<T> {
  try {
    return await asked;
  } catch (cause) {
    throw new Fault("busy", "Stored responses cannot be reached at the moment.", { cause });
  }
}
