/** What a call says of its own way: a route, no other model than the first, a deadline, models to fall back on. Pure. */
import { defined, type Obj } from "../canon/json.ts";
import { Fault, invalid } from "../fault.ts";
import { mostTimeoutMs } from "../providers/timeouts.ts";

export interface Wishes {
  /** The route or alias to take in place of the one that the model's name means. */
  readonly route?: string;
  /** May another model or provider answer where the first one fails? */
  readonly fallback: boolean;
  readonly timeoutMs?: number;
  /** What the call asks for, first choice first: OpenRouter's `models` stand behind `model`. */
  readonly models: readonly string[];
}

/** @param model what the call names by itself. Faults name the header or member that cannot be read. */
export function readWishes(headers: Headers, model: string, body: Obj): Wishes {
  return defined({
    route: readRoute(headers),
    fallback: !readFlag(headers, "x-gearbox-no-fallback"),
    timeoutMs: readTimeout(headers),
    models: readModels(model, body),
  });
}

const mostModels = 16;

function readModels(model: string, { models }: Obj): readonly string[] {
  if (models === undefined || models === null) return [model];
  const written: readonly unknown[] = Array.isArray(models) ? models : [];
  const names = written.filter((each) => typeof each === "string").filter((each) => each !== "");
  if (!Array.isArray(models) || names.length < models.length || names.length > mostModels) {
    throw invalid("models", `it must be a list of up to ${mostModels} names of models.`);
  }
  return [...new Set([model, ...names])];
}

function readRoute(headers: Headers): string | undefined {
  const name = headers.get("x-gearbox-route")?.trim();
  if (name === "") throw badHeader("x-gearbox-route", "the name of a route");
  return name;
}

function readFlag(headers: Headers, name: string): boolean {
  const value = headers.get(name)?.trim().toLowerCase() ?? "false";
  if (value !== "true" && value !== "false") throw badHeader(name, "true or false");
  return value === "true";
}

function readTimeout(headers: Headers): number | undefined {
  const name = "x-gearbox-timeout-ms";
  const value = headers.get(name)?.trim();
  if (value === undefined) return undefined;
  const ms = /^\d{1,9}$/.test(value) ? Number(value) : 0;
  if (ms < 1 || ms > mostTimeoutMs) throw badHeader(name, `a number of milliseconds from 1 to ${mostTimeoutMs}`);
  return ms;
}

function badHeader(name: string, wanted: string): Fault {
  return new Fault("bad_request", `The header '${name}' must be ${wanted}.`, { param: name, code: "invalid_header" });
}
