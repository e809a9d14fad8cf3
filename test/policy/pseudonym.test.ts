import { expect, it } from "vitest";
import { withPseudonym } from "../../src/policy/pseudonym.ts";

const request = { model: "m", stream: false, turns: [], user: '{"device_id":"d","account":"a"}' };

it("a user's id crosses within a house as it is, and to another as a name that says nothing, always the same", () => {
  expect(withPseudonym(request, "chat", "responses").user).toBe(request.user);
  const name = withPseudonym(request, "messages", "responses").user;
  expect(name).toMatch(/^[0-9a-f]{32}$/);
  expect(withPseudonym(request, "chat", "messages").user).toBe(name);
  expect(withPseudonym({ ...request, user: "someone else" }, "chat", "messages").user).not.toBe(name);
  expect(withPseudonym({ model: "m", stream: false, turns: [] }, "chat", "messages")).not.toHaveProperty("user");
});
