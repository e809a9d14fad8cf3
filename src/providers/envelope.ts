/**
 * What of a body travels elsewhere. A cloud takes Anthropic's request, but wants the model in the URL and the version in
 * the body; and some refuse a member that the gateway itself had to add. Members go and come in the bytes, where both
 * lanes end, so that the rest of a relayed body stays as it is.
 */
import { type Edit, members, splice } from "../http/json.ts";
import type { Place } from "./endpoint.ts";
import type { OutgoingBody } from "./network.ts";

type Headers = Readonly<Record<string, string>>;

/** Members to take out, and members to put in where the body has none of that name. */
interface Envelope {
  readonly out: readonly string[];
  readonly in: Readonly<Record<string, unknown>>;
}

/** The body as the provider wants it: the very slices where nothing has to change. */
export function enclose(body: OutgoingBody, place: Place, headers: Headers): OutgoingBody {
  const envelope = envelopeOf(place, headers);
  if (envelope === undefined || body instanceof ReadableStream) return body;
  const [only] = body;
  const bytes = only !== undefined && body.length === 1 ? only : Buffer.concat(body);
  return splice(bytes, edits(bytes, envelope));
}

function envelopeOf({ provider, protocol }: Place, headers: Headers): Envelope | undefined {
  const { endpoint = "plain", quirks = [] } = provider;
  if (protocol === "chat" && quirks.includes("usage-unasked")) return { out: ["stream_options"], in: {} };
  if (protocol !== "messages") return undefined;
  switch (endpoint) {
    case "plain":
      return undefined;
    case "bedrock": {
      // Bedrock reads no headers of Anthropic's: the betas stand in the body.
      const betas = headers["anthropic-beta"]?.split(",").map((beta) => beta.trim());
      const beta = betas !== undefined && { anthropic_beta: betas };
      return { out: ["model", "stream"], in: { anthropic_version: "bedrock-2023-05-31", ...beta } };
    }
    case "vertex":
      return { out: ["model"], in: { anthropic_version: "vertex-2023-10-16" } };
  }
}

function edits(bytes: Uint8Array, envelope: Envelope): Edit[] {
  const { spans } = members(bytes);
  const all = [...spans].map(([name, { start, end }]) => ({ name, start: nameStart(bytes, start), end }));
  const isOut = ({ name }: { readonly name: string }): boolean => envelope.out.includes(name);
  const lastKept = all.findLastIndex((member) => !isOut(member));
  const added = Object.entries(envelope.in).filter(([name]) => !spans.has(name));
  const text = added.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(",");
  const open = bytes.indexOf(openBrace) + 1;
  const cuts = all.slice(0, lastKept + 1).flatMap((member, at) => {
    const next = all[at + 1];
    return isOut(member) && next !== undefined ? [{ start: member.start, end: next.start, text: "" }] : [];
  });
  // Behind the last member that stays there must be no comma.
  const [first, last] = [all[lastKept + 1], all.at(-1)];
  const tail =
    first !== undefined && last !== undefined ? [{ start: all[lastKept]?.end ?? first.start, end: last.end }] : [];
  return [
    { start: open, end: open, text: text !== "" && lastKept >= 0 ? `${text},` : text },
    ...cuts,
    ...tail.map((cut) => ({ ...cut, text: "" })),
  ];
}

const openBrace = 0x7b;
const quote = 0x22;
const backslash = 0x5c;

/** The opening quote of the name whose value starts here. */
function nameStart(bytes: Uint8Array, valueStart: number): number {
  const close = bytes.lastIndexOf(quote, valueStart - 1);
  for (let at = bytes.lastIndexOf(quote, close - 1); at >= 0; at = bytes.lastIndexOf(quote, at - 1)) {
    let backslashes = 0;
    while (bytes[at - 1 - backslashes] === backslash) backslashes++;
    if (backslashes % 2 === 0) return at;
  }
  return close;
}
