/** A call of one of OpenAI's other endpoints as it came in: JSON, read whole, or a form that is still on its way. */
import { type Call, readModel, readObject, readStream } from "../call.ts";
import type { Obj } from "../canon/json.ts";
import { Fault } from "../fault.ts";
import { readBody } from "../http/body.ts";
import { boundaryOf } from "../http/multipart.ts";
import type { Asked } from "../policy/quote.ts";
import { refuseKept } from "../policy/resources.ts";
import { type Form, readForm } from "./form.ts";
import { factsOf, type Operation } from "./operation.ts";

export interface Task {
  readonly operation: Operation;
  /** As the caller wrote it; `undefined` where none was named, or a form has it out of reach. */
  readonly model: string | undefined;
  readonly payload: JsonPayload | Form;
}

export interface JsonPayload extends Pick<Call, "bytes" | "body" | "spans"> {
  readonly kind: "json";
  readonly stream: boolean;
}

/** Reads a call. Faults name what is wrong; `take` is told of the bytes that are held, and may refuse them. */
export async function readTask(
  operation: Operation,
  request: Request,
  maxBytes: number,
  take: (bytes: number) => void,
): Promise<Task> {
  const { takes, needsModel, kept } = factsOf(operation);
  const type = request.headers.get("content-type") ?? "application/json";
  const boundary = takes.includes("form") ? boundaryOf(type) : undefined;
  if (boundary !== undefined) {
    const form = await readForm(request, { boundary, type, maxBytes }, take);
    if (needsModel && form.isWhole && form.model === undefined) throw noModel();
    return { operation, model: form.model, payload: form };
  }
  if (!takes.includes("json")) {
    throw new Fault("media_type", `Content-Type '${type}' is not understood; send multipart/form-data.`);
  }
  const bytes = await readBody(request, maxBytes, take);
  const { body, spans } = readObject(bytes);
  refuseKept(kept, body);
  const model = needsModel || isNamed(body) ? readModel(body) : undefined;
  return { operation, model, payload: { kind: "json", bytes, body, spans, stream: readStream(body) } };
}

/** What of the call its price depends on. What a form holds is in no price list. */
export function wishOf({ operation, payload }: Task): Asked {
  const kind = factsOf(operation).billed;
  if (payload.kind === "form") return { protocol: "chat", body: {}, bytes: 0, stream: false, kind };
  return { protocol: "chat", body: payload.body, bytes: payload.bytes.length, stream: payload.stream, kind };
}

function isNamed({ model }: Obj): boolean {
  return model !== undefined && model !== null;
}

function noModel(): Fault {
  return new Fault("bad_request", "You must provide a model.", { param: "model", code: "missing_required_parameter" });
}
