/** What the admin is asked for, read and checked. */
import type { Context } from "hono";
import type * as z from "zod";
import type { Deps } from "../deps.ts";
import { Fault, invalid } from "../fault.ts";
import { readBody } from "../http/body.ts";

export interface AdminEnv {
  readonly Bindings: { readonly deps: Deps };
}

export type AdminContext = Context<AdminEnv>;

const usualBytes = 64 * 1024;

/** The request's body, checked; nothing is read as `{}`. */
export async function bodyOf<Shape extends z.ZodType>(
  c: AdminContext,
  shape: Shape,
  mostBytes = usualBytes,
): Promise<z.output<Shape>> {
  const bytes = await readBody(c.req.raw, mostBytes, () => undefined);
  return checked(shape, bytes.length === 0 ? {} : parse(bytes));
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw new Fault("bad_request", "The request body is not valid JSON.", { code: "invalid_json", cause });
  }
}

export function queryOf<Shape extends z.ZodType>({ req }: Pick<AdminContext, "req">, shape: Shape): z.output<Shape> {
  return checked(shape, req.query());
}

/** Throws a Fault that names the first member that is wrong. */
function checked<Shape extends z.ZodType>(shape: Shape, value: unknown): z.output<Shape> {
  const read = shape.safeParse(value);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  const unknown = issue?.code === "unrecognized_keys" ? issue.keys.slice(0, 1) : [];
  const path = [...(issue?.path ?? []), ...unknown].map(String).join(".");
  throw invalid(path === "" ? "body" : path, unknown.length > 0 ? "there is no such member." : `${issue?.message}.`);
}
