/** What is asked of a stored response by its id. */
import { describe, expect, it } from "vitest";
import { obj } from "../../src/canon/json.ts";
import { cancel, listInput, remove, retrieve } from "../../src/conversations/retrieval.ts";
import { frames } from "../sim/ask.ts";
import { type Shelf, shelf } from "./shelf.ts";

const item = { id: "msg_1", type: "message", role: "assistant", content: [{ type: "output_text", text: "Yes." }] };

async function stocked(): Promise<Shelf> {
  const store = shelf();
  const asked = [
    { role: "user", content: "Is it?" },
    { type: "function_call_output", call_id: "c", output: "1" },
  ];
  await store.keep("team", {
    id: "resp_1",
    input: asked.map((each) => ({ json: JSON.stringify(each), prefix: "" })),
    output: [{ json: JSON.stringify(item), id: "msg_1", prefix: "msg_" }],
    body: JSON.stringify({ response: { id: "resp_1", object: "response", status: "completed", output: [] } }),
    ...{ at: 0, expiresAt: 1 },
  });
  return store;
}

async function ask(act: typeof retrieve, query = "", team = "team", store?: Shelf): Promise<Response> {
  const deps = { conversations: store ?? (await stocked()), clock: { now: () => 0 } };
  return act({ id: "resp_1", team, query: new URLSearchParams(query) }, deps);
}

describe("a stored response", () => {
  it("is told whole", async () => {
    const told = await (await ask(retrieve, "include[]=reasoning.encrypted_content")).json();
    expect(told).toEqual({ id: "resp_1", object: "response", status: "completed", output: [item] });
  });

  it("is told as a stream, whole or behind an event", async () => {
    const answer = await ask(retrieve, "stream=true");
    expect(answer.headers.get("content-type")).toContain("text/event-stream");
    const all = frames(await answer.text());
    expect(all.at(-1)).toMatchObject({ type: "response.completed", response: { output: [item] } });
    expect(frames(await (await ask(retrieve, "stream=true&starting_after=2")).text())).toEqual(all.slice(3));
  });

  it.each(["starting_after=1", "stream=true&starting_after=x"])("is refused for %s", async (query) => {
    await expect(ask(retrieve, query)).rejects.toMatchObject({ kind: "bad_request", param: "starting_after" });
  });

  it("lists what it answers, the newest first, in OpenAI's long form", async () => {
    const told = obj(await (await ask(listInput)).json());
    expect(told).toEqual({
      object: "list",
      data: [
        { id: "item_1", type: "function_call_output", call_id: "c", output: "1" },
        {
          ...{ id: "item_0", type: "message", status: "completed", role: "user" },
          content: [{ type: "input_text", text: "Is it?" }],
        },
      ],
      ...{ first_id: "item_1", last_id: "item_0", has_more: false },
    });
    const page = obj(await (await ask(listInput, "order=asc&limit=1")).json());
    expect(page).toMatchObject({ first_id: "item_0", last_id: "item_0", has_more: true });
  });

  it.each(["limit=0", "limit=101", "limit=x", "order=up"])("refuses to list for %s", async (query) => {
    await expect(ask(listInput, query)).rejects.toMatchObject({ kind: "bad_request" });
  });

  it("is deleted once", async () => {
    const store = await stocked();
    expect(await (await ask(remove, "", "team", store)).json()).toEqual({
      id: "resp_1",
      object: "response",
      deleted: true,
    });
    await expect(ask(remove, "", "team", store)).rejects.toMatchObject({ kind: "not_found" });
  });

  it("cannot be cancelled, as it does not run in the background", async () => {
    await expect(ask(cancel)).rejects.toMatchObject({
      kind: "bad_request",
      message: "Cannot cancel a synchronous response.",
    });
  });

  it.each([retrieve, listInput, remove, cancel])("of another team is not there (%o)", async (act) => {
    await expect(ask(act, "", "other")).rejects.toMatchObject({
      kind: "not_found",
      message: "Response with id 'resp_1' not found.",
    });
  });
});
