/** Members of a table that an operator wrote, read one by one: what is wrong is reported with its path, and left out. */
import { isObj, type Obj } from "../canon/json.ts";
import { fixName, type Problem } from "../config-error.ts";

export type Report = (problem: Problem) => void;

export interface Reader {
  /** A table with no members but these; `undefined` where it is none, or absent. */
  table(value: unknown, path: string, known: readonly string[], fix: string): Obj | undefined;
  /** A whole number within the bounds. */
  whole(value: unknown, path: string, bounds: Bounds): number | undefined;
  flag(value: unknown, path: string): boolean | undefined;
  /** One of these words. */
  word<Word extends string>(value: unknown, path: string, words: readonly Word[]): Word | undefined;
  /** A list of texts, none of them empty; one text stands for itself. */
  texts(value: unknown, path: string, fix: string): readonly string[] | undefined;
}

interface Bounds {
  readonly least: number;
  readonly most: number;
}

/** Absent members are read as `undefined` and never reported. */
export function reader(report: Report): Reader {
  const refuse = (path: string, message: string, fix: string): undefined => void report({ path, message, fix });
  return {
    table(value, path, known, fix) {
      if (value === undefined) return undefined;
      if (!isObj(value)) return refuse(path, "is no table", fix);
      for (const name of Object.keys(value).filter((each) => !known.includes(each)))
        report({ path: `${path}.${name}`, message: "is not known", fix: fixName(name, known) });
      return value;
    },
    whole(value, path, { least, most }) {
      if (value === undefined) return undefined;
      if (typeof value === "number" && Number.isInteger(value) && value >= least && value <= most) return value;
      return refuse(path, `is no whole number from ${least} to ${most}`, `Write a number from ${least} to ${most}.`);
    },
    flag(value, path) {
      if (value === undefined || typeof value === "boolean") return value;
      return refuse(path, "is neither true nor false", "Write true or false.");
    },
    word(value, path, words) {
      const found = words.find((word) => word === value);
      if (value === undefined || found !== undefined) return found;
      const fix = typeof value === "string" ? fixName(value, words) : `Write one of ${words.join(", ")}.`;
      return refuse(path, `is none of ${words.join(", ")}`, fix);
    },
    texts(value, path, fix) {
      if (value === undefined) return undefined;
      const parts: readonly unknown[] = Array.isArray(value) ? value : [value];
      const texts = parts.filter((part) => typeof part === "string").filter((part) => part !== "");
      return texts.length === parts.length ? texts : refuse(path, "is no list of texts", fix);
    },
  };
}
