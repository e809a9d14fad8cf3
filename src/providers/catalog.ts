/**
 * The providers that are known without configuration, and what is assumed of one that is not. A provider that speaks
 * OpenAI's Chat is one entry. `speaks` lists what its own documentation promises for all its models and for the tools
 * that coding agents send: several compatibles offer a Responses API too, but none says that it takes freeform tools,
 * namespaces and hosted search, which Codex sends with every call and which translation to Chat can say as functions.
 */
import { operationNames } from "../operations/operation.ts";
import type { Provider, SecretPart, Setting } from "./provider.ts";

/** What an entry of PROVIDERS gets where it says nothing: the least that servers calling themselves compatible share. */
export const compatible = {
  speaks: ["chat"],
  auth: "bearer",
  quirks: ["system-role-only", "functions-only", "max-tokens"],
} as const satisfies Pick<Provider, "speaks" | "auth" | "quirks">;

/** Anthropic's own version. Newer dates refuse temperature, top_p and top_k outright (wire.md fact 10). */
const anthropicVersion = { "anthropic-version": "2023-06-01" } as const;

const regionSetting = { name: "AWS_REGION", like: "eu-central-1", unset: "us-east-1" } as const satisfies Setting;

/** An API key of Bedrock's, or an access key that signs each call. The names are the AWS SDKs' own. */
const aws = {
  auth: "aws",
  secret: "AWS_BEARER_TOKEN_BEDROCK",
  secretParts: [
    { name: "AWS_ACCESS_KEY_ID" },
    { name: "AWS_SECRET_ACCESS_KEY" },
    { name: "AWS_SESSION_TOKEN", optional: true },
  ] satisfies SecretPart[],
  settings: [regionSetting],
} as const satisfies Partial<Provider>;

/** The hosts are those of Anthropic's Vertex SDK and of Google's list of locations. */
const vertex = {
  base: "https://{VERTEX_LOCATION}-aiplatform.googleapis.com",
  auth: "google",
  endpoint: "vertex",
  secret: "VERTEX_CREDENTIALS",
  settings: [
    {
      name: "VERTEX_LOCATION",
      like: "europe-west1",
      unset: "global",
      bases: {
        global: "https://aiplatform.googleapis.com",
        us: "https://aiplatform.us.rep.googleapis.com",
        eu: "https://aiplatform.eu.rep.googleapis.com",
      },
    },
  ] satisfies Setting[],
} as const satisfies Partial<Provider>;

/** Known by name; each is switched on by its `secret`, or by its base where it needs none. */
export const catalog: readonly Provider[] = [
  {
    id: "openai",
    name: "OpenAI",
    base: "https://api.openai.com/v1",
    speaks: ["responses", "chat"],
    operations: operationNames,
    compacts: true,
    auth: "bearer",
    secret: "OPENAI_API_KEY",
    models: [
      ...["gpt-", "o1", "o3", "o4", "chatgpt-", "codex-", "text-embedding-", "omni-moderation-", "text-moderation-"],
      ...["davinci-", "babbage-", "dall-e-", "whisper-", "tts-"],
    ],
    quirks: ["reasoning-tools-through-responses"],
  },
  {
    id: "anthropic",
    name: "Anthropic",
    base: "https://api.anthropic.com",
    speaks: ["messages"],
    auth: "x-api-key",
    secret: "ANTHROPIC_API_KEY",
    headers: anthropicVersion,
    models: ["claude-"],
  },
  {
    id: "gemini",
    name: "Google Gemini",
    base: "https://generativelanguage.googleapis.com",
    speaks: ["gemini"],
    auth: "x-goog-api-key",
    secret: "GEMINI_API_KEY",
    models: ["gemini-"],
  },
  { ...vertex, id: "vertex", name: "Vertex AI, Gemini", speaks: ["gemini"] },
  { ...vertex, id: "vertex-claude", name: "Vertex AI, Claude", speaks: ["messages"] },
  {
    ...aws,
    id: "bedrock",
    name: "Amazon Bedrock, Claude",
    base: "https://bedrock-runtime.{AWS_REGION}.amazonaws.com",
    speaks: ["messages"],
    endpoint: "bedrock",
  },
  {
    ...compatible,
    ...aws,
    id: "bedrock-chat",
    name: "Amazon Bedrock, other models",
    // It has a Responses API at the same base, but not for every model (GPT OSS is one without).
    base: "https://bedrock-runtime.{AWS_REGION}.amazonaws.com/openai/v1",
  },
  {
    id: "azure",
    name: "Azure OpenAI",
    base: "https://{AZURE_RESOURCE_NAME}.openai.azure.com/openai/v1",
    speaks: ["responses", "chat"],
    auth: "api-key",
    secret: "AZURE_API_KEY",
    settings: [{ name: "AZURE_RESOURCE_NAME", like: "my-resource" }],
    quirks: ["reasoning-tools-through-responses"],
  },
  {
    ...compatible,
    id: "openrouter",
    name: "OpenRouter",
    base: "https://openrouter.ai/api/v1",
    // Its Responses API refuses tools that Codex sends.
    speaks: ["chat", "messages"],
    secret: "OPENROUTER_API_KEY",
    headers: anthropicVersion,
    reportsCost: true,
  },
  {
    ...compatible,
    id: "groq",
    name: "Groq",
    base: "https://api.groq.com/openai/v1",
    secret: "GROQ_API_KEY",
    quirks: [...compatible.quirks, "no-openai-members"],
  },
  {
    ...compatible,
    id: "deepseek",
    name: "DeepSeek",
    base: "https://api.deepseek.com/v1",
    secret: "DEEPSEEK_API_KEY",
    models: ["deepseek-"],
  },
  {
    ...compatible,
    id: "mistral",
    name: "Mistral",
    base: "https://api.mistral.ai/v1",
    secret: "MISTRAL_API_KEY",
    models: ["mistral-", "codestral-", "devstral-", "magistral-", "ministral-", "pixtral-"],
    quirks: [...compatible.quirks, "mistral-members", "usage-unasked"],
  },
  {
    ...compatible,
    id: "xai",
    name: "xAI",
    base: "https://api.x.ai/v1",
    secret: "XAI_API_KEY",
    models: ["grok-"],
  },
  { ...compatible, id: "together", name: "Together", base: "https://api.together.xyz/v1", secret: "TOGETHER_API_KEY" },
  {
    ...compatible,
    id: "fireworks",
    name: "Fireworks",
    base: "https://api.fireworks.ai/inference/v1",
    speaks: ["chat", "messages"],
    secret: "FIREWORKS_API_KEY",
    headers: anthropicVersion,
  },
  {
    ...compatible,
    id: "cerebras",
    name: "Cerebras",
    base: "https://api.cerebras.ai/v1",
    secret: "CEREBRAS_API_KEY",
    quirks: [...compatible.quirks, "no-openai-members"],
  },
  {
    ...compatible,
    id: "moonshot",
    name: "Moonshot",
    base: "https://api.moonshot.ai/v1",
    secret: "MOONSHOT_API_KEY",
    models: ["kimi-", "moonshot-"],
  },
  { ...compatible, id: "cometapi", name: "CometAPI", base: "https://api.cometapi.com/v1", secret: "COMETAPI_API_KEY" },
  {
    ...compatible,
    id: "workers-ai",
    name: "Cloudflare Workers AI",
    base: "https://api.cloudflare.com/client/v4/accounts/{WORKERS_AI_ACCOUNT_ID}/ai/v1",
    // A secret of its own: the token that `wrangler deploy` uses may do far more, and must not go to a model's host.
    secret: "WORKERS_AI_API_KEY",
    settings: [{ name: "WORKERS_AI_ACCOUNT_ID", like: "0123456789abcdef0123456789abcdef" }],
  },
  {
    ...compatible,
    id: "ollama",
    name: "Ollama",
    base: "http://127.0.0.1:11434/v1",
    speaks: ["chat", "messages"],
    needsBase: true,
  },
  {
    ...compatible,
    id: "vllm",
    name: "vLLM",
    base: "http://127.0.0.1:8000/v1",
    speaks: ["chat", "messages"],
    needsBase: true,
  },
];
