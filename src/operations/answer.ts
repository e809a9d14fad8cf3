/** The JSON object of a provider's answer to one of OpenAI's or Google's smaller endpoints. */
import { isObj, type Obj } from "../canon/json.ts";
import { Fault } from "../fault.ts";

/** Fault `upstream` where it is none. */
export async function objectIn(answer: Response | undefined): Promise<Obj> {
  const body: unknown = await answer?.json().catch(() => undefined);
  if (isObj(body)) return body;
  throw new Fault("upstream", "The provider's answer is not a JSON object.");
}
