/** A schema in the subset that a provider's strict mode takes: what it lacks goes into the description. */
import { isObj, type Json, type Obj, text } from "../canon/json.ts";
import { type Dialect, type Fate, fateOf, lacking, places } from "./schema-rules.ts";

/** Hears what became of each keyword; `at` is a JSON pointer to the schema that has it. */
export type Note = (keyword: string, fate: Fate, at: string) => void;

export interface Rewriting {
  readonly dialect: Dialect;
  /** May objects that say nothing of further members be closed to them? */
  readonly closes: boolean;
  readonly note: Note;
}

export function rewrite(schema: Obj, rewriting: Rewriting, at = ""): Obj {
  const { dialect, closes, note } = rewriting;
  const kept: [string, Json | undefined][] = [];
  const told: [string, Json | undefined][] = [];
  for (const [keyword, value] of Object.entries(schema)) {
    const fate = fateOf(keyword, value, schema, dialect);
    note(keyword, fate, at);
    switch (fate) {
      case "enforced":
      case "sent":
      case "loose":
        kept.push([keyword, inside(keyword, value, rewriting, at)]);
        break;
      case "anyOf":
        kept.push(["anyOf", inside(keyword, value, rewriting, at)]);
        break;
      case "enum":
        kept.push(["enum", value === undefined ? [] : [value]]);
        break;
      case "described":
        told.push([keyword, value]);
        break;
      case "dropped":
      case "closed":
        break;
    }
  }
  for (const keyword of lacking(schema, dialect)) {
    const isClosed = closes && keyword === "additionalProperties";
    note(keyword, isClosed ? "closed" : "loose", at);
    if (isClosed) kept.push([keyword, false]);
  }
  return describe(Object.fromEntries(kept), told);
}

function inside(keyword: string, value: Json | undefined, rewriting: Rewriting, at: string): Json | undefined {
  if (!Object.hasOwn(places, keyword)) return value;
  const deeper = (each: Json | undefined, path: string): Json | undefined =>
    isObj(each) ? rewrite(each, rewriting, path) : each;
  const path = `${at}/${keyword}`;
  if (Array.isArray(value))
    return value.map((each: Json, index) => (isObj(each) ? (deeper(each, `${path}/${index}`) ?? each) : each));
  if (!isObj(value) || places[keyword as keyof typeof places] !== "map") return deeper(value, path);
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, deeper(each, `${path}/${name}`)]));
}

/** In words close to the schema's own, which models know. */
function describe(schema: Obj, told: readonly (readonly [string, Json | undefined])[]): Obj {
  if (told.length === 0) return schema;
  const rules = told.map(([keyword, value]) => `${keyword} ${JSON.stringify(value)}`).join(", ");
  const before = text(schema.description);
  return { ...schema, description: `${before === undefined ? "" : `${before}\n\n`}Keep to: ${rules}.` };
}
