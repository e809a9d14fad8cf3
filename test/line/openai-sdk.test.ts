/** OpenAI's own SDK on its other endpoints, through the gateway: uploads, bytes, streams and errors as it knows them. */
import OpenAI, { APIError, toFile } from "openai";
import { describe, expect, it } from "vitest";
import { callsFor, gateway, play } from "./gateway.ts";

const said = { blocks: [{ text: "one two three four" }], usage: { input: 11, output: 7 } };
const sound = Uint8Array.from({ length: 100_000 }, (_, at) => (at * 31) % 256);

function sdk(): OpenAI {
  const { key, ask } = gateway();
  return new OpenAI({
    apiKey: key,
    baseURL: "http://gearbox.test/v1",
    maxRetries: 0,
    fetch: async (url, init) => {
      // A request of its own gives the form its boundary, as any fetch would.
      const request = new Request(String(url), init as RequestInit);
      const headers = Object.fromEntries(request.headers);
      return ask(new URL(request.url).pathname, { method: request.method, headers, body: request.body });
    },
  });
}

async function all<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const each of stream) found.push(each);
  return found;
}

describe("the OpenAI SDK", () => {
  it("gets embeddings", async () => {
    const { data } = await sdk().embeddings.create({ model: "text-embedding-3-small", input: ["a", "b"] });
    expect(data.map(({ embedding }) => embedding.length)).toEqual([4, 4]);
    expect(data[0]?.embedding[0]).toBeTypeOf("number");
  });

  it("gets completions, whole and streamed", async () => {
    await play("gpt-sdk-instruct", said);
    const asked = { model: "gpt-sdk-instruct", prompt: "Count." };
    expect((await sdk().completions.create(asked)).choices[0]?.text).toBe("one two three four");
    const chunks = await all(await sdk().completions.create({ ...asked, stream: true }));
    expect(chunks.map(({ choices }) => choices[0]?.text).join("")).toBe("one two three four");
  });

  it("moderates", async () => {
    expect((await sdk().moderations.create({ input: "violence" })).results[0]?.flagged).toBe(true);
  });

  it("makes images, whole and streamed", async () => {
    const asked = { model: "gpt-image-sdk", prompt: "A dot." };
    expect((await sdk().images.generate(asked)).data?.[0]?.b64_json).toMatch(/^iVBOR/);
    const events = await all(await sdk().images.generate({ ...asked, stream: true }));
    expect(events.map(({ type }) => type)).toEqual(["image_generation.partial_image", "image_generation.completed"]);
  });

  it("uploads an image to be changed", async () => {
    const image = await toFile(sound, "a.png", { type: "image/png" });
    await sdk().images.edit({ model: "openai/gpt-image-upload", image, prompt: "Brighter." });
    const [call] = await callsFor("gpt-image-upload");
    expect(call?.body).toMatchObject({ prompt: "Brighter.", image: { filename: "a.png", bytes: sound.length } });
  });

  it("speaks, and is heard", async () => {
    const speech = await sdk().audio.speech.create({ model: "tts-1", input: "Hi", voice: "alloy" });
    expect((await speech.arrayBuffer()).byteLength).toBe(258);
    await play("gpt-sdk-transcribe", said);
    const file = await toFile(sound, "a.mp3");
    const asked = { model: "openai/gpt-sdk-transcribe", file };
    expect((await sdk().audio.transcriptions.create(asked)).text).toBe("one two three four");
    const events = await all(await sdk().audio.transcriptions.create({ ...asked, stream: true }));
    expect(events.at(-1)).toMatchObject({ type: "transcript.text.done", text: "one two three four" });
    const [call] = await callsFor("gpt-sdk-transcribe");
    expect(call?.body).toMatchObject({ model: "gpt-sdk-transcribe", file: { filename: "a.mp3", bytes: sound.length } });
  });

  it("is told what is wrong, before and in a stream", async () => {
    const refused = sdk().images.generate({ model: "compatible/x", prompt: "A dot." });
    await expect(refused).rejects.toMatchObject({ status: 400, code: "unsupported_endpoint", param: "model" });
    await play("gpt-image-breaks", { ...said, fault: { kind: "cut", afterEvents: 1 } });
    const stream = await sdk().images.generate({ model: "gpt-image-breaks", prompt: "A dot.", stream: true });
    await expect(all(stream)).rejects.toThrow(APIError);
  });
});
