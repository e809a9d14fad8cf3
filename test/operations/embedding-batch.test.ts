import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { answerWith, batchOf, vectorsIn, type Words } from "../../src/operations/embedding-batch.ts";

const text = (slices: readonly Uint8Array[]): string => Buffer.concat(slices).toString();
const textOf = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString();
const inputsOf = (request: string, words: Words = "openai"): string[] | undefined =>
  batchOf(words, Buffer.from(request))?.inputs.map(textOf);

describe("a batch of embeddings", () => {
  it.each([
    ["a text", '{"model":"m","input":"a"}', ['{"model":"m","input":"a"}']],
    ["texts", '{"input":["a", "b"],"dimensions":8}', ['{"input":"a","dimensions":8}', '{"input":"b","dimensions":8}']],
    ["tokens", '{"input":[1,2]}', ['{"input":[1,2]}']],
    ["lists of tokens", '{"input":[[1,2],[3]]}', ['{"input":[1,2]}', '{"input":[3]}']],
    ["nothing", '{"input":[]}', undefined],
    ["no input", '{"model":"m"}', undefined],
    ["null", '{"input":null}', undefined],
    ["no JSON", '{"input"', undefined],
  ])("of %s is taken apart", (_, request, inputs) => {
    expect(inputsOf(request)).toEqual(inputs);
  });

  it("of Gemini's is taken apart, and one text is one", () => {
    const one = '{"model":"models/m","content":{"parts":[{"text":"a"}]}}';
    expect(inputsOf(`{"requests":[${one},{"x":1.0}]}`, "gemini")).toEqual([
      `{"requests":${one}}`,
      '{"requests":{"x":1.0}}',
    ]);
    expect(inputsOf(one, "gemini-one")).toEqual([one]);
  });

  it("asks for some of its inputs in their order, with all else as it was", () => {
    const batch = batchOf(
      "openai",
      Buffer.from('{"big":9007199254740993, "input": ["a", "b" ,"c"] ,"dimensions":1.0}'),
    );
    expect(text(batch?.only([0, 2]) ?? [])).toBe('{"big":9007199254740993, "input": ["a","c"] ,"dimensions":1.0}');
  });

  it.each([
    ["many of unknown size", { count: 400 }, false],
    ["as many in base64", { count: 400, encoding_format: "base64" }, true],
    ["as many small ones", { count: 400, dimensions: 256 }, true],
    ["far too many of those", { count: 400, dimensions: 4096 }, false],
  ])("is left alone where its answer may be too large to hold: %s", (_, { count, ...more }, fits) => {
    const input = Array.from({ length: count }, (_, at) => `text ${at}`);
    expect(batchOf("openai", Buffer.from(JSON.stringify({ input, ...more }))) !== undefined).toBe(fits);
  });
});

describe("an answer's vectors", () => {
  const vectors = fc.array(
    fc.oneof(
      fc
        .array(fc.constantFrom("0", "-0.0", "1.0", "1e-7", "0.1234567890123456789", "-12"), { minLength: 1 })
        .map((numbers) => `[${numbers.join(", ")}]`),
      fc.base64String().map((packed) => JSON.stringify(packed)),
    ),
    { minLength: 1, maxLength: 6 },
  );

  it("come out as they were written, and go in so, in the order of their inputs", () => {
    fc.assert(
      fc.property(vectors, fc.boolean(), (written, isTurned) => {
        const elements = written.map(
          (vector, index) => `{"embedding" : ${vector},"index":${index},"object":"embedding"}`,
        );
        const data = isTurned ? elements.reverse() : elements;
        const answer = Buffer.from(
          `{"object":"list","data":[${data.join(" , ")}],"model":"m","usage":{"prompt_tokens":3}}`,
        );
        const found = vectorsIn("openai", answer, written.length);
        expect(found?.map(textOf)).toEqual(written);
        const again = textOf(answerWith("openai", found ?? [], answer, "m"));
        expect(again).toContain(`"embedding":${written.at(-1)}}]`);
        expect(vectorsIn("openai", Buffer.from(again), written.length)?.map(textOf)).toEqual(written);
        expect(JSON.parse(again)).toMatchObject({ object: "list", model: "m", usage: { prompt_tokens: 3 } });
        const free = JSON.parse(textOf(answerWith("openai", found ?? [], undefined, "other")));
        expect(free).toMatchObject({ object: "list", model: "other", usage: { prompt_tokens: 0, total_tokens: 0 } });
        expect(free.data).toEqual(JSON.parse(again).data);
      }),
    );
  });

  it("of Gemini's are the whole objects", () => {
    const answer = Buffer.from(
      '{"embeddings":[{"values":[1.0]},{"values":[-0.0]}],"usageMetadata":{"promptTokenCount":2}}',
    );
    const found = vectorsIn("gemini", answer, 2) ?? [];
    expect(found.map(textOf)).toEqual(['{"values":[1.0]}', '{"values":[-0.0]}']);
    expect(textOf(answerWith("gemini", found.toReversed(), answer, "m"))).toBe(
      '{"embeddings":[{"values":[-0.0]},{"values":[1.0]}],"usageMetadata":{"promptTokenCount":2}}',
    );
    const one = vectorsIn("gemini-one", Buffer.from('{"embedding":{"values":[1.0]}}'), 1) ?? [];
    expect(JSON.parse(textOf(answerWith("gemini-one", one, undefined, "m")))).toEqual({
      embedding: { values: [1] },
      usageMetadata: { promptTokenCount: 0 },
    });
  });

  it.each([
    ["too few", '{"data":[{"index":0,"embedding":[1]}]}'],
    ["too many", '{"data":[{"embedding":[1]},{"embedding":[1]},{"embedding":[1]}]}'],
    ["one twice", '{"data":[{"index":0,"embedding":[1]},{"index":0,"embedding":[2]}]}'],
    ["one of no place", '{"data":[{"index":0,"embedding":[1]},{"index":0.5,"embedding":[2]}]}'],
    ["one of another place", '{"data":[{"index":0,"embedding":[1]},{"index":7,"embedding":[2]}]}'],
    ["one without a vector", '{"data":[{"embedding":[1]},{"index":1}]}'],
    ["one that is null", '{"data":[{"embedding":[1]},{"embedding":null}]}'],
    ["none at all", '{"error":{"message":"no"}}'],
    ["no JSON", '{"data":[{"embedding":[1]},{"embedding":[2]}]'],
  ])("are not told from an answer with %s", (_, answer) => {
    expect(vectorsIn("openai", Buffer.from(answer), 2)).toBeUndefined();
  });
});
