/** A form passes byte for byte at any split, but for the one field that is written anew. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { boundaryOf, formScanner } from "../../src/http/multipart.ts";

const boundary = "----edge";

interface Part {
  readonly headers: string;
  readonly content: Uint8Array | string;
}

function form(parts: readonly Part[], more = ""): Buffer {
  const pieces = parts.flatMap(({ headers, content }) => [`--${boundary}\r\n${headers}\r\n\r\n`, content, "\r\n"]);
  return Buffer.concat([...pieces, `--${boundary}--\r\n${more}`].map((piece) => Buffer.from(piece)));
}

const file = (content: Uint8Array | string): Part => ({
  headers: 'Content-Disposition: form-data; name="file"; filename="a; name=model.mp3"\r\nContent-Type: audio/mpeg',
  content,
});
const model = (content: string, headers = 'Content-Disposition: form-data; name="model"'): Part => ({
  headers,
  content,
});

/** What comes out when the bytes go in so many at a time. */
function pass(bytes: Uint8Array, size: number, replace = (value: string): string => value.replace("openai/", "")) {
  const seen: string[] = [];
  const scanner = formScanner(boundary, "model", (value) => {
    seen.push(value);
    return replace(value);
  });
  const out: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += size) out.push(...scanner.push(bytes.subarray(at, at + size)));
  scanner.end();
  return { out: Buffer.concat(out), seen };
}

describe("a form", () => {
  it("passes as it is at every split, with the model's name written anew", () => {
    const tricky = `\r\n\r\r\n-\r\n--\r\n------edg\r\n-----edge\n--${boundary}\r\n`;
    const before = form([file(tricky), model("openai/whisper-1"), file("")], "an epilogue\r\n");
    const after = before.toString("latin1").replace("openai/whisper-1", "whisper-1");
    for (let size = 1; size <= before.length; size++) {
      const { out, seen } = pass(before, size);
      expect(out.toString("latin1")).toBe(after);
      expect(seen).toEqual(["openai/whisper-1"]);
    }
  });

  it("passes whatever its files hold", () => {
    const content = fc.oneof(fc.uint8Array({ maxLength: 200 }), fc.stringMatching(/^(\r|\n|-|e|d|\r\n----)*$/));
    fc.assert(
      fc.property(
        fc.array(content, { maxLength: 4 }),
        fc.boolean(),
        fc.integer({ min: 1, max: 300 }),
        (files, first, size) => {
          const parts = files.map(file);
          const name = model("openai/x");
          const bytes = form(first ? [name, ...parts] : [...parts, name]);
          expect(pass(bytes, size).out.toString("latin1")).toBe(bytes.toString("latin1").replace("openai/x", "x"));
        },
      ),
    );
  });

  it("holds back no more than could be a boundary", () => {
    const scanner = formScanner(boundary, "model", (value) => value);
    const head = Buffer.from(`--${boundary}\r\n${file("").headers}\r\n\r\n`);
    expect(Buffer.concat(scanner.push(head))).toEqual(head);
    expect(Buffer.concat(scanner.push(Buffer.from("abc\r\n---"))).toString()).toBe("abc");
    expect(Buffer.concat(scanner.push(Buffer.from("x\r"))).toString()).toBe("\r\n---x");
    expect(Buffer.concat(scanner.push(Buffer.from("def"))).toString()).toBe("\rdef");
  });

  it.each([
    ["an unquoted name", "Content-Disposition: form-data; name=model"],
    ["another case", 'content-disposition:form-data;NAME="model"'],
    ["other headers", 'Content-Type: text/plain; charset=utf-8\r\nContent-Disposition: form-data; name="model"'],
  ])("knows its field by %s", (_, headers) => {
    expect(pass(form([model("openai/x", headers)]), 5).seen).toEqual(["openai/x"]);
  });

  it("does not take another field, or a file's name, for it", () => {
    const other = model("openai/x", 'Content-Disposition: form-data; name="model_"; filename="\\"; name=\\"model\\""');
    expect(pass(form([other, file("openai/x")]), 7)).toEqual({ out: form([other, file("openai/x")]), seen: [] });
  });

  const refused: [string, Uint8Array | string, RegExp][] = [
    ["that is none", "{}                                    ", /begin with its boundary/],
    ["with text before it", Buffer.concat([Buffer.from("hello\r\n"), form([model("x")])]), /begin with its boundary/],
    ["that breaks off", form([model("x")]).subarray(0, -6), /closing boundary/],
    ["with the field twice", form([model("x"), file("y"), model("x")]), /twice/],
    ["with a long field", form([model("x".repeat(2000))]), /too long/],
    ["with endless headers", form([model("x", `A: ${"x".repeat(9000)}`)]), /too long headers/],
    ["with an escaped name", form([model("x", 'Content-Disposition: form-data; name="mo\\del"')]), /cannot be read/],
    [
      "with an encoded name",
      form([model("x", "Content-Disposition: form-data; name*=utf-8''model")]),
      /cannot be read/,
    ],
    ["with two names", form([model("x", 'Content-Disposition: form-data; name="a"; name="model"')]), /cannot be read/],
    ["with a part without a name", form([model("x", "Content-Type: text/plain")]), /no field/],
    ["with a line like its boundary", form([file(`x\r\n--${boundary}y\r\n\r\n`)]), /begins like its boundary/],
  ];
  it.each(refused)("%s is refused", (_, bytes, message) => {
    for (const size of [1, 7, 100_000]) expect(() => pass(Buffer.from(bytes), size)).toThrow(message);
  });
});

describe("a boundary", () => {
  it("is read from the content type", () => {
    expect(boundaryOf("multipart/form-data; boundary=abc")).toBe("abc");
    expect(boundaryOf('Multipart/Form-Data; charset=utf-8; Boundary="a b"')).toBe("a b");
    expect(boundaryOf("application/json; boundary=abc")).toBeUndefined();
    expect(() => boundaryOf("multipart/form-data; charset=utf-8")).toThrow(/boundary/);
  });
});
