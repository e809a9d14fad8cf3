/** openapi.yaml as an object: paths by hand, components from the schemas. Runs in Node only. */
import * as z from "zod";
import { answerHeaders, paths } from "./paths.ts";
import { schemas } from "./schemas.ts";

type Described = Readonly<Record<string, unknown>>;

export function document(): Described {
  return {
    openapi: "3.1.0",
    info: {
      title: "Gearbox",
      version: "0.1.0",
      description: "One OpenAI-compatible URL and one key in front of every LLM provider.",
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: "http://127.0.0.1:8787" }],
    security: [{ bearer: [] }, { apiKey: [] }, { googleKey: [] }, { queryKey: [] }],
    paths,
    components: {
      securitySchemes: {
        bearer: { type: "http", scheme: "bearer" },
        apiKey: { type: "apiKey", in: "header", name: "x-api-key" },
        googleKey: { type: "apiKey", in: "header", name: "x-goog-api-key" },
        adminKey: { type: "http", scheme: "bearer", description: "ADMIN_KEY; without one there is no admin API." },
        queryKey: { type: "apiKey", in: "query", name: "key" },
      },
      parameters: {
        Strict: {
          name: "x-gearbox-strict",
          in: "header",
          description:
            "With `true`, whatever would be dropped or changed on the way to the provider is an error instead.",
          schema: { type: "string", enum: ["true", "false"] },
        },
        Effort: inHeader("x-gearbox-effort", "`auto`, or a level, in place of the body's."),
        Latency: inHeader(
          "x-gearbox-latency-ms",
          "What the reasoning may be expected to take, for `auto` to choose by; the same with every call of a conversation.",
        ),
        Cache: inHeader(
          "x-gearbox-cache",
          "`ttl=3600` keeps the answer for so many seconds; `ttl=3600, coalesce` also waits for the answer of an equal call that is being made; `off` wants neither.",
        ),
        Route: inHeader("x-gearbox-route", "The route to take in place of the one that the model's name means."),
        NoFallback: inHeader("x-gearbox-no-fallback", "With `true` no other model or provider answers."),
        Timeout: inHeader("x-gearbox-timeout-ms", "How long the call may take, all attempts together."),
      },
      headers,
      responses: {
        Answer: {
          description: "The answer in the caller's protocol, as JSON or as an event stream.",
          headers: answerHeaders,
          content: {
            "application/json": { schema: { type: "object" } },
            "text/event-stream": { schema: { type: "string" } },
          },
        },
        Refusal: {
          description: "What is wrong, in OpenAI's form; 429 and 503 carry `retry-after`.",
          content: { "application/json": { schema: { $ref: "#/components/schemas/Error" } } },
        },
      },
      schemas: described(),
    },
  };
}

const text = { type: "string" } as const;

function inHeader(name: string, description: string): Described {
  return { name, in: "header", description, schema: text };
}

const headers = {
  RequestId: { description: "The call's id.", schema: text },
  Attempts: { description: "How often the call was tried.", schema: text },
  Route: { description: "The route or alias that the call took.", schema: text },
  Effort: {
    description:
      'How hard the model was told to think, and why: `high; because="…"; policy=1`. Advice, which changes nothing, says what it would save in tokens: `advice low; because="…"; policy=1; saves=72`.',
    schema: text,
  },
  Cache: {
    description:
      "`hit`, `miss`, `partial` (of a batch of embeddings the rest was bought), `joined` (an equal call was being made) or `bypass`, where the call has to do with the cache.",
    schema: text,
  },
  Cost: { description: "US dollars, where it is known before the body ends.", schema: text },
  Tokens: { description: "Input and output together, where they are known before the body ends.", schema: text },
  Provider: { description: "Who answered.", schema: text },
  Model: { description: "The provider's own name for the model.", schema: text },
  Lost: { description: "What of the request did not cross as it was: `field=dropped`, `field=from>to`.", schema: text },
} as const;

/** The schemas as OpenAPI 3.1 has them, without the marks of a document of their own. */
function described(): Described {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(schemas)) registry.add(schema, { id });
  const uri = (id: string): string => `#/components/schemas/${id}`;
  const found = z.toJSONSchema(registry, { target: "draft-2020-12", io: "input", uri });
  return Object.fromEntries(Object.entries(found.schemas).map(([id, { $schema, $id, ...schema }]) => [id, schema]));
}
