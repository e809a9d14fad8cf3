/** Whatever a caller sends it is answered in words, and the connection stays; what it leaves behind is given back. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readConfig } from "../../src/config.ts";
import { flight } from "../../src/http/flight.ts";
import { usual } from "../../src/sockets/bounds.ts";
import { connection } from "../../src/sockets/connection.ts";
import { seats } from "../../src/sockets/seats.ts";

const config = readConfig({ GEARBOX_SECRET: "s".repeat(32) });

/** A connection whose calls are answered by `answer`, and nothing else of the world. */
function open(
  answer: (request: Request) => Promise<Response>,
  bounds = usual,
  wait = (): Promise<void> => new Promise(() => undefined),
) {
  const sent: Record<string, unknown>[] = [];
  const closed: number[] = [];
  const kept: Promise<unknown>[] = [];
  const never = () => Promise.reject(new Error("nobody is asked"));
  const all = seats(bounds);
  const seat = all.take();
  if (seat === undefined) throw new Error("no seat");
  const bodies = flight(config.maxBytesInFlight);
  const deps = {
    config,
    flight: bodies,
    auth: { authenticate: never },
    store: {} as never,
    conversations: {} as never,
    clock: { now: () => 0, wait },
    random: (bytes: number) => new Uint8Array(bytes),
    waitUntil: (promise: Promise<unknown>) => void kept.push(promise),
  };
  const wire = {
    send: (message: string) => void sent.push(JSON.parse(message)),
    close: (code: number) => void closed.push(code),
  };
  const upgrade = new Request("http://gearbox.test/v1/responses", { headers: { upgrade: "websocket", "x-own": "1" } });
  const own = connection(wire, { upgrade, seat, bounds, deps, answer });
  return { ...own, sent, closed, flight: bodies, seats: all, idle: () => Promise.all(kept) };
}

describe("a connection", () => {
  it("answers each message that is none with an error, and stays", async () => {
    const shapes = fc.oneof(
      fc.string(),
      fc.json(),
      fc.uint8Array(),
      fc
        .record({ type: fc.oneof(fc.string(), fc.constant("response.create")), stream_id: fc.anything() })
        .map((value) => JSON.stringify(value)),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(shapes, { maxLength: 20 }), async (messages) => {
        const { receive, sent, closed, idle } = open(() => Promise.reject(new Error("nothing is to be asked")));
        for (const message of messages) receive(message);
        await idle();
        expect(sent).toHaveLength(messages.length);
        for (const { type, status, error } of sent) {
          expect(type).toBe("error");
          expect(status).toBe(400);
          expect(error).toMatchObject({ type: "invalid_request_error", message: expect.any(String) });
        }
        expect(closed).toEqual([]);
      }),
    );
  });

  it("hands on what an answer says, wherever its bytes are cut", async () => {
    const events = [
      { type: "response.created", response: { id: "resp_1", status: "in_progress" } },
      { type: "response.output_text.delta", delta: "grüße 🐌" },
      { type: "error", code: "server_error", message: "told again below" },
      { type: "response.failed", response: { id: "resp_1", status: "failed" } },
    ];
    const bytes = new TextEncoder().encode(
      events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join(""),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(bytes.length), { maxLength: 12 }), async (cuts) => {
        const ends = [...new Set([...cuts, bytes.length])].sort((one, other) => one - other);
        const body = new ReadableStream<Uint8Array>({
          start(controller) {
            for (const [at, end] of ends.entries()) controller.enqueue(bytes.slice(ends[at - 1] ?? 0, end));
            controller.close();
          },
        });
        const { receive, sent, idle } = open(
          async () => new Response(body, { headers: { "content-type": "text/event-stream", "x-gearbox-call": "7" } }),
        );
        receive('{"type":"response.create","model":"m","stream_id":"a"}');
        await idle();
        const [created, delta, failed] = [events[0], events[1], events[3]].map((event) => ({
          stream_id: "a",
          ...event,
        }));
        expect(sent.filter(({ type }) => type !== "keepalive")).toEqual([
          { ...created, headers: { "x-gearbox-call": "7" } },
          delta,
          failed,
        ]);
      }),
    );
  });

  it("lets go of an answer that it cannot hand on, and says so", async () => {
    let isCancelled = false;
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(new Uint8Array(8 * 1024 * 1024).fill(120)),
      cancel() {
        isCancelled = true;
      },
    });
    const { receive, sent, idle } = open(async () => new Response(body));
    receive('{"type":"response.create","model":"m"}');
    await idle();
    expect(sent).toMatchObject([{ type: "error", status: 502 }]);
    expect(isCancelled).toBe(true);
  });

  it("asks as a POST would, with its own headers and without those of the upgrade", async () => {
    const asked: Request[] = [];
    const { receive, idle } = open(async (request) => {
      asked.push(request);
      return Response.json({ error: { message: "no" } }, { status: 404 });
    });
    receive('{"type":"response.create","model":"m","input":"Hi"}');
    await idle();
    const [request] = asked;
    expect(request?.method).toBe("POST");
    expect(await request?.json()).toEqual({ model: "m", input: "Hi", stream: true });
    expect(request?.headers.get("x-own")).toBe("1");
    expect(request?.headers.get("upgrade")).toBeNull();
    expect(request?.headers.get("content-type")).toBe("application/json");
  });

  it("that was closed for its caller's slowness has its place until that one is gone", async () => {
    const { receive, leave, sent, closed, seats, idle } = open(
      () => Promise.reject(new Error("nothing is to be asked")),
      {
        ...usual,
        connections: 1,
        unreadBytes: 100,
        unreadShare: 0,
      },
    );
    receive("{}");
    await idle();
    expect(closed).toEqual([1013]);
    expect(sent).toMatchObject([{ error: { code: "websocket_connection_limit_reached" } }]);
    receive("{}");
    expect(seats.take()).toBeUndefined();
    leave();
    expect(seats.take()).toBeDefined();
    expect(sent).toHaveLength(1);
  });

  it("that is idle makes way where others have need of what it may still hold", async () => {
    const ticks: (() => void)[] = [];
    const wait = (): Promise<void> => new Promise((tick) => ticks.push(tick));
    const never = () => Promise.reject(new Error("nothing is to be asked"));
    const { receive, sent, closed, seats, idle } = open(never, { ...usual, unreadTogether: 1000 }, wait);
    const tick = async (): Promise<void> => {
      ticks.shift()?.();
      await new Promise((resolve) => setImmediate(resolve));
    };
    receive("{}");
    await idle();
    await tick();
    expect(closed).toEqual([]);
    seats.take()?.send(600);
    await tick();
    expect(closed).toEqual([1000]);
    expect(sent.at(-1)).toMatchObject({ error: { code: "websocket_connection_limit_reached" } });
  });

  it("leaves nothing behind when its caller goes, and says nothing more", async () => {
    const aborted: boolean[] = [];
    const { receive, leave, sent, closed, flight, seats, idle } = open(
      (request) =>
        new Promise((resolve) => {
          request.signal.addEventListener("abort", () => {
            aborted.push(true);
            resolve(Response.json({ error: { message: "left" } }, { status: 500 }));
          });
        }),
      { ...usual, connections: 1, running: 2 },
    );
    for (const lane of ["a", "b", "c", "d"]) receive(`{"type":"response.create","model":"m","stream_id":"${lane}"}`);
    expect(flight.bytes).toBeGreaterThan(0);
    expect(seats.take()).toBeUndefined();
    leave();
    leave();
    receive('{"type":"response.create","model":"m"}');
    await idle();
    expect(aborted).toEqual([true, true]);
    expect({ sent, closed, bytes: flight.bytes }).toEqual({ sent: [], closed: [], bytes: 0 });
    expect(seats.take()).toBeDefined();
  });
});
