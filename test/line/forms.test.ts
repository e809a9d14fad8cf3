/** Forms on their way through: streamed, with nothing changed but the model's name, wherever in the form it stands. */
import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { dataOf } from "./calls.ts";
import { callsFor, closing, type Gateway, gateway, play, sums } from "./gateway.ts";

const boundary = "----a form's edge";
const said = { blocks: [{ text: "Grüße, 世界" }], usage: { input: 12, output: 5 } };
const sound = Uint8Array.from({ length: 200_000 }, (_, at) => (at * 31 + (at >> 8)) % 256);
const digest = createHash("sha256").update(sound).digest("hex");

type Field = readonly [name: string, value: string | Uint8Array];

function formOf(fields: readonly Field[]): Uint8Array {
  const pieces = fields.flatMap(([name, value]) => {
    const file = typeof value === "string" ? "" : '; filename="a.mp3"\r\nContent-Type: audio/mpeg';
    return [`--${boundary}\r\nContent-Disposition: form-data; name="${name}"${file}\r\n\r\n`, value, "\r\n"];
  });
  return Buffer.concat([...pieces, `--${boundary}--\r\n`].map((piece) => Buffer.from(piece)));
}

/** Sends the bytes so many at a time, so that their number is not known beforehand; or all at once. */
function upload(to: Gateway, path: string, bytes: Uint8Array, size?: number): Promise<Response> {
  let at = 0;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      controller.enqueue(bytes.slice(at, at + (size ?? 0)));
      at += size ?? 0;
      if (at >= bytes.length) controller.close();
    },
  });
  const headers = {
    "content-type": `multipart/form-data; boundary="${boundary}"`,
    ...(size === undefined && { "content-length": String(bytes.length) }),
  };
  return to.ask(path, { method: "POST", body: size === undefined ? bytes : body, headers });
}

const first = (model: string): Uint8Array =>
  formOf([
    ["model", model],
    ["language", "de"],
    ["file", sound],
  ]);
const last = (model: string): Uint8Array =>
  formOf([
    ["file", sound],
    ["language", "de"],
    ["model", model],
  ]);
const near = (model: string): Uint8Array =>
  formOf([
    ["file", sound.subarray(0, 20_000)],
    ["model", model],
  ]);

describe("a form", () => {
  const cases = [first, last, near].flatMap((form) => [undefined, 1009, 8191, 70_000].map((size) => ({ form, size })));

  it.each(cases)(
    "with the model $form.name, $size bytes at a time, arrives byte for byte but for it",
    async ({ form, size }) => {
      const to = gateway();
      const model = `gpt-4o-${form.name}-${size}`;
      await play(model, said);
      const bytes = form(`openai/${model}`);
      const reply = await upload(to, "/v1/audio/transcriptions", bytes, size);
      expect(await reply.json()).toMatchObject({ text: "Grüße, 世界" });
      const [call] = await callsFor(model);
      const expected = Buffer.from(bytes).toString("latin1").replace("openai/", "");
      expect(call?.raw === expected).toBe(true);
      expect(call?.body).toMatchObject({ model, file: { bytes: form === near ? 20_000 : sound.length } });
      if (form !== near) expect(call?.body.file).toMatchObject({ sha256: digest });
      const isSized = size === undefined && form !== last;
      expect(call?.headers["content-length"]).toBe(isSized ? String(expected.length) : undefined);
      await to.idle();
      const known = form === last ? "default" : model;
      expect(await sums(to.deps, to.team)).toMatchObject([{ model: known, input: 12, output: 5, estimated: 0 }]);
      expect(to.deps.flight.bytes).toBe(0);
    },
  );

  it("of a model that is paid by the second counts as estimated", async () => {
    const to = gateway();
    const reply = await upload(to, "/v1/audio/translations", first("whisper-1"));
    expect(await reply.json()).toMatchObject({ usage: { type: "duration" } });
    await to.idle();
    expect(await sums(to.deps, to.team)).toMatchObject([{ model: "whisper-1", estimated: 1 }]);
  });

  it("may be answered with a text, or with a stream", async () => {
    const to = gateway();
    await play("gpt-4o-texts", said);
    const ask = (field: Field): Promise<Response> =>
      upload(to, "/v1/audio/transcriptions", formOf([["model", "openai/gpt-4o-texts"], field, ["file", sound]]));
    const text = await ask(["response_format", "text"]);
    expect([text.headers.get("content-type"), await text.text()]).toEqual([
      "text/plain; charset=utf-8",
      "Grüße, 世界\n",
    ]);
    const frames = dataOf(await (await ask(["stream", "true"])).text());
    expect(frames.at(-1)).toMatchObject({ type: "transcript.text.done", text: "Grüße, 世界" });
    await to.idle();
    expect(await sums(to.deps, to.team)).toMatchObject([{ calls: 2, input: 12, estimated: 1 }]);
  });

  it.each(["/v1/images/edits", "/v1/images/variations"])("to %s may name no model", async (path) => {
    const to = gateway();
    const reply = await upload(
      to,
      path,
      formOf([
        ["image", sound],
        ["prompt", "A dot."],
      ]),
    );
    expect(await reply.json()).toMatchObject({ data: [{ b64_json: expect.any(String) }] });
    expect(reply.headers.get("x-gearbox-model")).toBe("default");
  });

  it("is not gathered: the provider has its beginning before the caller has sent its end", async () => {
    const { promise: isRead, resolve } = Promise.withResolvers<void>();
    const bytes = first("openai/gpt-4o-early");
    const to = gateway({}, async (_url, init) => {
      const body = new Response(init.body as ReadableStream<Uint8Array>);
      const reader = body.body?.getReader();
      await reader?.read();
      resolve();
      for (let got = await reader?.read(); got?.done === false; ) got = await reader?.read();
      return Response.json({ text: "late" });
    });
    const pieces = [bytes.slice(0, 1000), bytes.slice(1000)];
    const body = new ReadableStream<Uint8Array>(
      {
        async pull(controller) {
          const piece = pieces.shift();
          if (pieces.length === 0) await isRead;
          if (piece === undefined) controller.close();
          else controller.enqueue(piece);
        },
      },
      { highWaterMark: 0 },
    );
    const headers = { "content-type": `multipart/form-data; boundary="${boundary}"` };
    const reply = await to.ask("/v1/audio/transcriptions", { method: "POST", body, headers });
    expect(await reply.json()).toEqual({ text: "late" });
  });
});

describe("a form is refused:", () => {
  const two = { OTHER_KEY: "k", PROVIDERS: { other: { base: "http://127.0.0.1:9/v1", speaks: ["chat"] } } };

  it.each([
    { name: "over the limit, as its length says", bytes: first("openai/x"), size: undefined, status: 413, error: {} },
    { name: "over the limit, on its way", bytes: first("openai/x"), size: 5000, status: 413, error: {} },
    { name: "over the limit before its model", bytes: last("openai/x"), size: 5000, status: 413, error: {} },
    {
      name: "without a model",
      bytes: formOf([["file", new Uint8Array(9)]]),
      status: 400,
      error: { code: "missing_required_parameter" },
    },
    { name: "with a model that nobody has", bytes: near("nope"), status: 404, error: { code: "model_not_found" } },
    {
      name: "that breaks off",
      bytes: first("openai/x").subarray(0, 30_000),
      status: 400,
      error: { code: "invalid_form" },
    },
    {
      name: "that breaks off before its model",
      bytes: near("openai/x").subarray(0, 9_000),
      status: 400,
      error: { code: "invalid_form" },
    },
    {
      name: "that is none",
      bytes: Buffer.from(JSON.stringify({ model: "x".repeat(80) })),
      status: 400,
      error: { code: "invalid_form" },
    },
  ])("one $name", async ({ bytes, size, status, error }) => {
    const to = gateway({ MAX_BODY_BYTES: "100000" });
    const reply = await upload(to, "/v1/audio/transcriptions", bytes, size ?? (status === 413 ? undefined : 4096));
    expect([reply.status, await reply.json()]).toEqual([status, { error: expect.objectContaining(error) }]);
    expect(to.deps.flight.bytes).toBe(0);
  });

  it.each(["anthropic/claude-x", "nope"])("one whose model is out of reach and turns out to be %s", async (model) => {
    const reply = await upload(gateway(), "/v1/audio/transcriptions", last(model), 8192);
    expect(reply.status).toBe(model === "nope" ? 404 : 400);
    expect(await reply.json()).toEqual({ error: expect.objectContaining({ param: "model" }) });
  });

  it("one to a provider without the endpoint", async () => {
    const reply = await upload(gateway(two), "/v1/audio/transcriptions", first("other/x"));
    expect([reply.status, await reply.json()]).toEqual([
      400,
      {
        error: expect.objectContaining({
          message: "The provider 'other' has no endpoint /v1/audio/transcriptions here.",
        }),
      },
    ]);
  });

  it("one whose second model comes after the file", async () => {
    const bytes = formOf([
      ["model", "openai/gpt-4o-twice"],
      ["file", sound],
      ["model", "openai/other"],
    ]);
    const reply = await upload(gateway(), "/v1/audio/transcriptions", bytes, 8192);
    expect([reply.status, await reply.json()]).toEqual([
      400,
      { error: expect.objectContaining({ code: "duplicate_member" }) },
    ]);
  });

  it("one that is packed", async () => {
    const headers = { "content-type": `multipart/form-data; boundary="${boundary}"`, "content-encoding": "gzip" };
    const reply = await gateway().ask("/v1/audio/transcriptions", { method: "POST", body: first("openai/x"), headers });
    expect(reply.status).toBe(415);
  });

  it("by the provider, in its own words", async () => {
    const body = '{"error":{"message":"too quiet","type":"invalid_request_error","param":"file","code":null}}';
    await play("gpt-4o-quiet", { fault: { kind: "status", status: 400, body } });
    const reply = await upload(gateway(), "/v1/audio/transcriptions", first("openai/gpt-4o-quiet"), 8192);
    expect([reply.status, await reply.text()]).toEqual([400, body]);
  });
});

it("a caller that leaves closes the provider's stream", async () => {
  const to = gateway({ HEARTBEAT_MS: "100" });
  await play("gpt-4o-leaves", { ...said, fault: { kind: "stall", afterEvents: 1 } });
  const bytes = formOf([
    ["model", "openai/gpt-4o-leaves"],
    ["stream", "true"],
    ["file", sound],
  ]);
  const reader = (await upload(to, "/v1/audio/transcriptions", bytes)).body?.getReader();
  await reader?.read();
  await reader?.cancel();
  const [call] = await callsFor("gpt-4o-leaves");
  if (call === undefined) throw new Error("the simulator was not asked");
  expect(await closing(call)).toBe("client-left");
  await to.idle();
});
