/** The same question in each caller's protocol, and what was answered, whatever the protocol. */

export type Caller = "responses" | "chat";

export const paths = { responses: "/v1/responses", chat: "/v1/chat/completions" } as const satisfies Record<
  Caller,
  string
>;

/** A request body that asks `text` of a model. */
export function question(caller: Caller, model: string, text: string, more: object = {}): Record<string, unknown> {
  return caller === "responses"
    ? { model, input: text, ...more }
    : { model, messages: [{ role: "user", content: text }], ...more };
}

/** All data frames of a stream, parsed where they are JSON. */
export function dataOf(stream: string): (Record<string, unknown> | "[DONE]")[] {
  const lines = stream.split("\n").filter((line) => line.startsWith("data: "));
  return lines.map((line) => (line === "data: [DONE]" ? "[DONE]" : JSON.parse(line.slice(6))));
}

/** The answer's text, from JSON or from the frames of a stream. */
export function textOf(caller: Caller, answer: string): string {
  if (!answer.trimStart().startsWith("{"))
    return dataOf(answer)
      .map((data) => deltaOf(data))
      .join("");
  const body = JSON.parse(answer);
  if (caller === "chat") return body.choices[0].message.content;
  const messages = body.output.filter((item: { type: string }) => item.type === "message");
  return messages.flatMap((item: { content: { text: string }[] }) => item.content.map((part) => part.text)).join("");
}

function deltaOf(data: Record<string, unknown> | "[DONE]"): string {
  if (data === "[DONE]") return "";
  if (data.type === "response.output_text.delta") return String(data.delta);
  const choices = data.choices as { delta: { content?: string | null } }[] | undefined;
  return choices?.[0]?.delta.content ?? "";
}
