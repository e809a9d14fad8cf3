/** The paths of openapi.yaml under which stored responses are asked for. */

type Described = Readonly<Record<string, unknown>>;

const refusal = { $ref: "#/components/responses/Refusal" } as const;
const text = { type: "string" } as const;
const object = { schema: { type: "object" } } as const;

const id = { name: "id", in: "path", required: true, schema: text } as const;
const inQuery = (name: string, description: string, schema: Described): Described => {
  return { name, in: "query", description, schema };
};

const resuming = [
  inQuery("stream", "`true`: its events, as they were sent.", { type: "boolean" }),
  inQuery("starting_after", "With `stream`: only events behind the one with this number.", { type: "integer" }),
];
const paging = [
  inQuery("order", "`desc` where left out.", { type: "string", enum: ["asc", "desc"] }),
  inQuery("limit", "How many at the most; 20 where left out.", { type: "integer", minimum: 1, maximum: 100 }),
  inQuery("after", "Those behind the item with this id.", text),
];

export const storedPaths: Described = {
  "/v1/responses/{id}": {
    get: stored("retrieveResponse", "A stored response of this team", resuming, {
      "text/event-stream": { schema: text },
    }),
    delete: stored("deleteResponse", "Forgets a response; those that go on from it stay"),
  },
  "/v1/responses/{id}/input_items": {
    get: stored("listInputItems", "All that the response answers, page by page", paging),
  },
  "/v1/responses/{id}/cancel": {
    post: stored("cancelResponse", "Refused: nothing runs in the background"),
  },
};

function stored(
  operationId: string,
  summary: string,
  query: readonly Described[] = [],
  others: Described = {},
): Described {
  const answer = { description: "Done.", content: { "application/json": object, ...others } };
  return { operationId, summary, parameters: [id, ...query], responses: { "200": answer, default: refusal } };
}
