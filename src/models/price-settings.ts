/** The operator's own prices, `PRICES`: for models that no list knows, or that cost the operator something else. */
import type { Problem } from "../config-error.ts";
import type { PriceTable } from "./price.ts";
import { type Price, type PriceMember, priceMembers } from "./table.ts";

const fix = `Write provider/model (or a beginning with *) and US dollars per million tokens, like {"mine/*":{"input":0.5,"output":2}}; any of ${priceMembers.join(", ")}.`;

/** @param table as it came: each member is reported by its path where it is wrong */
export function readPrices(table: Readonly<Record<string, unknown>>, report: (problem: Problem) => void): PriceTable {
  return new Map(Object.entries(table).map(([name, value]) => [name, readPrice(name, value, report)]));
}

function readPrice(name: string, value: unknown, report: (problem: Problem) => void): Price {
  const path = `PRICES.${name}`;
  if (!/^[\w.-]+\/\S+$/.test(name)) report({ path, message: "is no name of a provider and a model", fix });
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    report({ path, message: "is no table of prices", fix });
    return {};
  }
  const members = Object.entries(value);
  for (const [member, usd] of members) {
    if (!isMember(member)) report({ path: `${path}.${member}`, message: "is no price that there is", fix });
    else if (typeof usd !== "number" || !(usd >= 0 && usd <= 1_000_000)) {
      report({ path: `${path}.${member}`, message: "is no amount of US dollars", fix });
    }
  }
  for (const needed of ["input", "output"]) {
    if (!(needed in value)) report({ path: `${path}.${needed}`, message: "is missing", fix });
  }
  return Object.fromEntries(members.filter(([member]) => isMember(member)));
}

function isMember(name: string): name is PriceMember {
  return priceMembers.some((member) => member === name);
}
