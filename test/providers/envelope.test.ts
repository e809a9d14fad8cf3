/** Members go and come in the bytes, wherever they stand, and nothing else is touched. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { catalog } from "../../src/providers/catalog.ts";
import { enclose } from "../../src/providers/envelope.ts";
import type { OutgoingBody } from "../../src/providers/network.ts";

const version = '"anthropic_version":"bedrock-2023-05-31"';

describe("Bedrock's envelope", () => {
  const cases = [
    ["in front", '{"model":"m","a":1}', `{${version},"a":1}`],
    ["behind", '{"a":1,"model":"m"}', `{${version},"a":1}`],
    ["amid", '{"a":1, "model" : "m" ,"b":2}', `{${version},"a":1, "b":2}`],
    ["side by side at the end", '{"a":1 , "stream":true, "model":"m" }', `{${version},"a":1 }`],
    ["side by side in front", '{"stream":true,"model":"m","a":1}', `{${version},"a":1}`],
    ["alone", ' { "model" : "m" } ', ` {${version}  } `],
    ["nowhere", '{"a":1.0}', `{${version},"a":1.0}`],
    ["under an escaped name", '{"mod\\u0065l":"m","a\\"b":{"model":"kept"}}', `{${version},"a\\"b":{"model":"kept"}}`],
    ["in a body that has a version", '{"anthropic_version":"mine","model":"m"}', '{"anthropic_version":"mine"}'],
    ["in an empty body", "{}", `{${version}}`],
  ] as const;

  it.each(cases)("takes the members out %s", (_, body, expected) => {
    expect(enclosed(body)).toBe(expected);
  });

  it("is the same for any cut into slices", () => {
    const [, body, expected] = cases[2];
    for (let at = 0; at <= body.length; at++) expect(enclosed(body.slice(0, at), body.slice(at))).toBe(expected);
  });

  it("leaves any object what it was, but for these members", () => {
    const names = fc.constantFrom("model", "stream", "messages", "anthropic_version", 'a"b', "c\\", "ü");
    fc.assert(
      fc.property(fc.dictionary(names, fc.jsonValue()), fc.boolean(), (body, isSpaced) => {
        const { model: _, stream: __, ...kept } = body;
        const read = JSON.parse(enclosed(JSON.stringify(body, null, isSpaced ? 2 : 0)));
        expect(read).toEqual({ anthropic_version: "bedrock-2023-05-31", ...JSON.parse(JSON.stringify(kept)) });
      }),
    );
  });

  it("puts betas into the body, since Bedrock reads no such header", () => {
    const body = joined(enclose([Buffer.from("{}")], place("bedrock"), { "anthropic-beta": "one, two" }));
    expect(JSON.parse(body)).toEqual({ anthropic_version: "bedrock-2023-05-31", anthropic_beta: ["one", "two"] });
  });
});

describe("no envelope", () => {
  it("means the very same slices", () => {
    const body = [Buffer.from('{"model":'), Buffer.from('"m"}')];
    for (const id of ["openai", "anthropic", "vertex", "azure"]) expect(enclose(body, place(id), {})).toBe(body);
  });
});

describe("Mistral's", () => {
  it("is without the wish for usage that the gateway adds to every stream", () => {
    const body = '{"model":"m","stream":true,"stream_options":{"include_usage":true}}';
    const mistral = { ...place("mistral"), protocol: "chat" } as const;
    expect(joined(enclose([Buffer.from(body)], mistral, {}))).toBe('{"model":"m","stream":true}');
  });
});

function enclosed(...slices: string[]): string {
  const body = slices.map((slice) => Buffer.from(slice));
  return joined(enclose(body, place("bedrock"), {}));
}

function joined(body: OutgoingBody): string {
  if (body instanceof ReadableStream) throw new Error("a stream is no body of these tests");
  return Buffer.concat(body).toString();
}

function place(id: string) {
  const provider = catalog.find((each) => each.id === id);
  if (provider === undefined) throw new Error(`no provider ${id}`);
  return { provider, protocol: provider.speaks[0] ?? "chat", model: "m" };
}
