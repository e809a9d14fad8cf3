/**
 * The README's table of what becomes of each field of a request on the way to another protocol, printed from the tables
 * beside the codecs. Run by itself (`npm run tables`) it writes it; a test only compares.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { reportForeign } from "../src/canon/foreign.ts";
import type { Json, Obj } from "../src/canon/json.ts";
import type { ProtocolId } from "../src/canon/request.ts";
import { fields as chat } from "../src/protocols/chat/fields.ts";
import { fields as gemini } from "../src/protocols/gemini/fields.ts";
import { fields as messages } from "../src/protocols/messages/fields.ts";
import type { Disposition } from "../src/protocols/protocol.ts";
import { fields as responses } from "../src/protocols/responses/fields.ts";

/** The README with the table between its two marks. */
export function withTable(readme: string): string {
  const [before, rest] = halves(readme, "<!-- dispositions: written by `npm run tables` -->\n");
  const [, after] = halves(rest, "<!-- /dispositions -->");
  return `${before}<!-- dispositions: written by \`npm run tables\` -->\n${table()}<!-- /dispositions -->${after}`;
}

/** Where it stands. */
export const readmeFile = join(import.meta.dirname, "../README.md");

function halves(text: string, mark: string): [string, string] {
  const at = text.indexOf(mark);
  if (at < 0) throw new Error(`The README lacks the line ${mark.trim()}`);
  return [text.slice(0, at), text.slice(at + mark.length)];
}

type Fields = Readonly<Record<string, Disposition>>;

const titles = {
  chat: "Chat Completions",
  responses: "Responses",
  messages: "Messages",
  gemini: "Gemini",
} as const satisfies Record<ProtocolId, string>;

const tables = {
  chat,
  responses,
  messages,
  gemini: {
    ...geminiFields(gemini.request, "", (member) => ({ [member]: true })),
    ...geminiFields(gemini.generationConfig, "generationConfig.", (member) => ({
      generationConfig: { [member]: true },
    })),
    ...Object.fromEntries(
      Object.entries(gemini.tool).map(([member, kept]) => [`tools.${member}`, kept === "mapped" ? kept : "refused"]),
    ),
  },
} as const satisfies Record<ProtocolId, Fields>;

/** Gemini's own tables only say what stays with Gemini: which of it is refused, the rule for all protocols says. */
function geminiFields(
  level: Readonly<Record<string, "mapped" | "kept">>,
  path: string,
  holding: (member: string) => Obj,
): Fields {
  const known = Object.entries(level).map(([member, kept]): [string, Disposition] => {
    return [`${path}${member}`, kept === "mapped" ? "mapped" : refuses(holding(member)) ? "refused" : "dropped"];
  });
  return Object.fromEntries(known);
}

function refuses(members: Obj): boolean {
  const asking: Json = JSON.parse(JSON.stringify(members).replace("true", '["audio"]'));
  return [members, asking].some((each) => {
    try {
      reportForeign({ gemini: each as Obj }, "chat", () => undefined);
      return false;
    } catch {
      return true;
    }
  });
}

function table(): string {
  const all = Object.entries(tables).map(([id, fields]) => ({ title: titles[id as ProtocolId], fields }));
  const rows = all.map(
    ({ title, fields }) => `| ${title} | ${named(fields, "refused")} | ${named(fields, "dropped")} |`,
  );
  const lines = all.map(({ title, fields }) => `- ${title}: ${named(fields, "mapped")}.`);
  const head = ["| Callers of | Refused, if it asks for anything | Dropped |", "|---|---|---|"];
  return `${[...head, ...rows, "", "These cross:", "", ...lines].join("\n")}\n`;
}

function named(fields: Fields, wanted: Disposition): string {
  const names = Object.entries(fields).flatMap(([field, disposition]) => (disposition === wanted ? [field] : []));
  return names.map((name) => `\`${name}\``).join(", ");
}

if (import.meta.main) writeFileSync(readmeFile, withTable(readFileSync(readmeFile, "utf8")));
