/** What the text of the workerd configuration must hold; that workerd takes it is shown by the start tests. */
import { describe, expect, it } from "vitest";
import { capnp, modulesOf } from "../../src/local/capnp.ts";

const text = capnp({
  address: "127.0.0.1:8787",
  modules: modulesOf(["README.md", "abc-page.html", "index.js.map", "index.js"], "index.js"),
  compatibilityDate: "2026-10-01",
  compatibilityFlags: ["enable_request_signal"],
  settings: ["OPENAI_API_KEY"],
  objects: '/data "quoted"/objects',
});

describe("capnp", () => {
  it("lets a plain fetch reach the public network only", () => {
    expect(text).toContain('globalOutbound = "internet"');
    expect(text).toMatch(/name = "internet", network = \(allow = \["public"\],/);
    expect(text).toContain('(name = "PRIVATE", service = "private")');
  });

  it("serves the entry first, its companions as the entry imports them, and nothing else of the folder", () => {
    expect(text.match(/embed "[^"]+"/g)).toEqual(['embed "index.js"', 'embed "abc-page.html"']);
    expect(text).toContain('(name = "./abc-page.html", text = embed "abc-page.html")');
  });

  it("names settings without their values, and quotes what it prints", () => {
    expect(text).toContain('(name = "OPENAI_API_KEY", fromEnvironment = "OPENAI_API_KEY")');
    expect(text).toContain('path = "/data \\"quoted\\"/objects"');
  });
});
