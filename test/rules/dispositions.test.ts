/** What the tables of fields call refused is refused on the way to every other protocol, and nothing else is. */
import { describe, expect, it } from "vitest";
import { reportForeign } from "../../src/canon/foreign.ts";
import type { Json } from "../../src/canon/json.ts";
import type { ProtocolId } from "../../src/canon/request.ts";
import { fields as chat } from "../../src/protocols/chat/fields.ts";
import { fields as messages } from "../../src/protocols/messages/fields.ts";
import type { Disposition } from "../../src/protocols/protocol.ts";
import { fields as responses } from "../../src/protocols/responses/fields.ts";

const tables: Partial<Record<ProtocolId, Record<string, Disposition>>> = { chat, messages, responses };

/** Values that ask for something; the first that is refused counts. */
const samples: Json[] = [true, 3, { a: 1 }, ["audio"]];

function refuses(protocol: ProtocolId, field: string): boolean {
  return samples.some((value) => {
    try {
      reportForeign({ [protocol]: { [field]: value } }, "gemini", () => undefined);
      return false;
    } catch {
      return true;
    }
  });
}

const cases = Object.entries(tables).flatMap(([protocol, table]) =>
  Object.entries(table)
    .filter(([, disposition]) => disposition !== "mapped")
    .map(([field, disposition]) => ({ protocol: protocol as ProtocolId, field, disposition })),
);

describe("a field that canon has no word for", () => {
  it.each(cases)("$protocol $field is $disposition", ({ protocol, field, disposition }) => {
    expect(refuses(protocol, field)).toBe(disposition === "refused");
  });
});
