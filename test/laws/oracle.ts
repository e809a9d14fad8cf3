/**
 * Public specifications as an oracle: what is wrong with an object that a protocol should know. Lies in the folder beside
 * the repository; nothing of it is kept here.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { dereference, type OutputUnit, type Schema, validate } from "@cfworker/json-schema";
import { isObj, type Json, list, type Obj, obj, text } from "../../src/canon/json.ts";

/** What is wrong with the value, a line for each mistake; nothing where the specification allows it. */
export type Check = (value: Obj) => readonly string[];

/** Which members an object may have: only those that its schema names, or also others where the schema does not say no. */
export type Members = "closed" | "as it says";

const root = join(import.meta.dirname, "../../../shared/specs");

/** Are there specifications on this machine? A test without them says so and is skipped. */
export const haveSpecs = existsSync(root);
if (!haveSpecs) console.warn("SKIPPED: no specs beside this checkout: the law that reads them does not run.");

/** Makes the check of the definition at a place in a file. */
export function specification(file: string, pointer: string, members: Members): Check {
  const { document, tidied, schemas, words } = prepared(file, members);
  const branches = branchesOf(document, pointer);
  const judged = new Map<string, readonly string[]>();

  function judge(value: Obj): readonly string[] {
    const type = text(value.type) ?? "";
    const branch = branches.get(type) ?? branches.get("");
    if (branch === undefined) return ["it is of no type it knows"];
    return mistakes(validate(value, at(tidied, branch) as Schema, "2020-12", schemas, false).errors);
  }

  return (value) => {
    const shape = shapeOf(value, words);
    const found = judged.get(shape) ?? judge(value);
    judged.set(shape, found);
    return found;
  };
}

interface Prepared {
  readonly document: Obj;
  readonly tidied: Obj;
  /** By their place. */
  readonly schemas: ReturnType<typeof dereference>;
  /** Every word that the document compares with. */
  readonly words: ReadonlySet<string>;
}

const known = new Map<string, Prepared>();

/** A file as the validator wants it, read once. */
function prepared(file: string, members: Members): Prepared {
  const was = known.get(`${file} ${members}`);
  if (was !== undefined) return was;
  const document = JSON.parse(readFileSync(join(root, file), "utf8")) as Obj;
  const tidied = obj(tidy(document, { document, closed: members === "closed" }, ""));
  // The type of the library is narrower than what it takes: a schema is JSON.
  const made = { document, tidied, schemas: dereference(tidied as Schema), words: wordsOf(document) };
  known.set(`${file} ${members}`, made);
  return made;
}

/** The mistakes themselves: errors around them say merely that there are some inside. */
function mistakes(errors: readonly OutputUnit[]): string[] {
  const plain = errors.filter(({ keyword }) => !around.has(keyword));
  return [...new Set(plain.map((each) => `${each.instanceLocation.replaceAll(/\/\d+/g, "/N")}: ${each.error}`))];
}

const around = new Set(["$ref", "$recursiveRef", "anyOf", "oneOf", "allOf", "properties", "items", "if", "false"]);

/** Where the definition of each `type` of a union is; of what is no union, under "". */
function branchesOf(document: Obj, pointer: string): ReadonlyMap<string, string> {
  const schema = obj(at(document, pointer));
  const union = unionOf(schema);
  if (union === "") return new Map([["", pointer]]);
  return new Map(
    list(schema[union]).flatMap((branch, index): [string, string][] => {
      const there = text(obj(branch).$ref)?.slice(1) ?? `${pointer}/${union}/${index}`;
      const types = typesOf(document, obj(branch));
      return types.length > 0 ? types.map((type) => [type, there]) : [...branchesOf(document, there)];
    }),
  );
}

function at(document: Obj, pointer: string): Json | undefined {
  return pointer
    .split("/")
    .slice(1)
    .reduce<Json | undefined>((value, step) => {
      if (Array.isArray(value)) return value[Number(step)];
      return obj(value)[decodeURIComponent(step).replaceAll("~1", "/").replaceAll("~0", "~")];
    }, document);
}

function follow(document: Obj, schema: Obj): Obj {
  const ref = text(schema.$ref);
  return ref === undefined ? schema : follow(document, obj(at(document, ref.slice(1))));
}

/** The values that `type` may have in an object of this schema. */
function typesOf(document: Obj, schema: Obj): string[] {
  const type = follow(document, obj(obj(follow(document, schema).properties).type));
  return type.const === undefined ? list(type.enum).map(String) : [String(type.const)];
}

interface Tidying {
  readonly document: Obj;
  readonly closed: boolean;
}

/** Members of a schema that hold data, that say nothing of a value, or that hold schemas by names of their own. */
const data = new Set(["enum", "const", "required"]);
const idle = /^(x-.*|default|examples?|format|discriminator|description|title)$/;
const byName = new Set(["properties", "definitions", "$defs", "schemas", "patternProperties"]);

/** The schema for the validator: OpenAPI's own words in those of JSON Schema, unions decided, objects closed where asked for. */
function tidy(value: Json, tidying: Tidying, member: string): Json {
  // The validator encodes fewer characters of a pointer than who wrote these.
  if (member === "$ref" && typeof value === "string") return decodeURIComponent(value);
  if (Array.isArray(value)) return value.map((each: Json) => tidy(each, tidying, ""));
  if (!isObj(value)) return value;
  const inMap = byName.has(member);
  const members = Object.entries(value).filter(([name, each]) => each !== undefined && (inMap || !idle.test(name)));
  const { nullable, ...schema }: Obj = Object.fromEntries(
    members.map(([name, each = null]) => [
      name,
      !inMap && data.has(name) ? each : tidy(each, tidying, inMap ? "" : name),
    ]),
  );
  if (inMap) return nullable === undefined ? schema : { ...schema, nullable };
  const open = !tidying.closed || schema.properties === undefined || schema.additionalProperties !== undefined;
  const tidied = decided(open ? schema : { ...schema, additionalProperties: false }, tidying.document);
  return nullable === true ? { anyOf: [tidied, { type: "null" }] } : tidied;
}

/**
 * A union decided by what a value is (null, text, object …) and objects by their `type`, so that what is wrong is told of
 * the branch that was meant and of no other.
 */
function decided(schema: Obj, document: Obj): Obj {
  const union = unionOf(schema);
  const branches = list(schema[union]);
  const kinds = [...new Set(branches.flatMap((branch) => kindsOf(document, obj(branch))))];
  if (union === "" || kinds.includes("unknown")) return schema;
  const { [union]: _, ...others } = schema;
  const cases = kinds.map((kind): Obj => {
    const meant = branches.filter((branch) => kindsOf(document, obj(branch)).includes(kind));
    return where({ type: kind }, kind === "object" ? byType(meant, document) : { anyOf: meant });
  });
  return { ...others, allOf: [...list(schema.allOf), { type: kinds }, ...cases] };
}

function byType(branches: readonly Json[], document: Obj): Obj {
  const types = [...new Set(branches.flatMap((branch) => typesOf(document, obj(branch))))];
  if (branches.some((branch) => typesOf(document, obj(branch)).length === 0)) return { anyOf: branches };
  const cases = types.map((type): Obj => {
    const meant = branches.filter((branch) => typesOf(document, obj(branch)).includes(type));
    return where({ properties: { type: { const: type } } }, { anyOf: meant });
  });
  return { required: ["type"], properties: { type: { enum: types } }, allOf: cases };
}

/** Said with `else`: an object with a `then` would be taken for a promise. */
function where(condition: Obj, schema: Obj): Obj {
  return { if: { not: condition }, else: schema };
}

/** Which kinds of JSON value a schema allows, as far as it says so. */
function kindsOf(document: Obj, schema: Obj): string[] {
  const { type, allOf, const: only, enum: several, ...others } = follow(document, schema);
  if (type !== undefined) return [type].flat().map((kind) => (kind === "integer" ? "number" : String(kind)));
  const values = only === undefined ? list(several) : [only];
  if (values.length > 0) return values.map((value) => (value === null ? "null" : typeof value));
  const inner = [...list(allOf), ...list(others[unionOf(others)])].flatMap((part) => kindsOf(document, obj(part)));
  const told = inner.filter((kind) => kind !== "unknown");
  return told.length > 0 && (allOf !== undefined || told.length === inner.length) ? told : ["unknown"];
}

function unionOf(schema: Obj): string {
  return ["anyOf", "oneOf"].find((each) => schema[each] !== undefined) ?? "";
}

function wordsOf(document: Obj): ReadonlySet<string> {
  const words = new Set<string>();
  JSON.stringify(document, (member, value: Json) => {
    if (member === "const" || member === "enum") for (const word of [value].flat()) words.add(String(word));
    return value;
  });
  return words;
}

/** As much of a value as a schema sees: values of one shape are judged once, for a stream has thousands of them. */
function shapeOf(value: Obj, words: ReadonlySet<string>): string {
  return JSON.stringify(value, (_, each: Json) => {
    if (typeof each === "string") return words.has(each) || each === "" ? each : "some";
    if (typeof each === "number") return Number.isInteger(each) ? Math.sign(each) : 0.5;
    return each;
  });
}
