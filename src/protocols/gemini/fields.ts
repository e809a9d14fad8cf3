/**
 * The members of each level of a request: which of them canon says (`mapped`), and which ride in `ext.gemini` (`kept`),
 * as unknown ones do. The compiler holds the tables against Google's own types. Proto-JSON takes every member in
 * camelCase and in snake_case; what we send is camelCase.
 */
import type {
  Blob,
  Content,
  FileData,
  FunctionCall,
  FunctionCallingConfig,
  FunctionDeclaration,
  FunctionResponse,
  GenerationConfig,
  Part,
  ThinkingConfig,
  Tool,
  ToolConfig,
} from "@google/genai";
import { type Obj, rest } from "../../canon/json.ts";

type Disposition = "mapped" | "kept";
type Level<T> = Readonly<Record<keyof T, Disposition>>;

/** `model` and `stream` are in the URL: the router puts them into the body it hands us. */
const request = {
  model: "mapped",
  stream: "mapped",
  contents: "mapped",
  systemInstruction: "mapped",
  tools: "mapped",
  toolConfig: "mapped",
  generationConfig: "mapped",
  serviceTier: "mapped",
  safetySettings: "kept",
  cachedContent: "kept",
  labels: "kept",
  store: "kept",
  continuationToken: "kept",
  modelArmorConfig: "kept",
} as const satisfies Record<string, Disposition>;

const generationConfig = {
  temperature: "mapped",
  topP: "mapped",
  topK: "mapped",
  maxOutputTokens: "mapped",
  stopSequences: "mapped",
  seed: "mapped",
  presencePenalty: "mapped",
  frequencyPenalty: "mapped",
  responseMimeType: "mapped",
  responseSchema: "mapped",
  responseJsonSchema: "mapped",
  thinkingConfig: "mapped",
  audioTimestamp: "kept",
  audioTranscriptionConfig: "kept",
  candidateCount: "kept",
  enableAffectiveDialog: "kept",
  enableEnhancedCivicAnswers: "kept",
  logprobs: "kept",
  mediaResolution: "kept",
  modelSelectionConfig: "kept",
  responseFormat: "kept",
  responseLogprobs: "kept",
  responseModalities: "kept",
  routingConfig: "kept",
  speechConfig: "kept",
  translationConfig: "kept",
} as const satisfies Level<GenerationConfig>;

const thinkingConfig = {
  includeThoughts: "mapped",
  thinkingBudget: "mapped",
  thinkingLevel: "mapped",
} as const satisfies Level<ThinkingConfig>;

const toolConfig = {
  functionCallingConfig: "mapped",
  retrievalConfig: "kept",
  includeServerSideToolInvocations: "kept",
} as const satisfies Level<ToolConfig>;

const functionCallingConfig = {
  mode: "mapped",
  allowedFunctionNames: "mapped",
  streamFunctionCallArguments: "kept",
} as const satisfies Level<FunctionCallingConfig>;

const tool = {
  functionDeclarations: "mapped",
  googleSearch: "mapped",
  codeExecution: "kept",
  computerUse: "kept",
  enterpriseWebSearch: "kept",
  exaAiSearch: "kept",
  fileSearch: "kept",
  googleMaps: "kept",
  googleSearchRetrieval: "kept",
  mcpServers: "kept",
  parallelAiSearch: "kept",
  retrieval: "kept",
  urlContext: "kept",
} as const satisfies Level<Tool>;

const functionDeclaration = {
  name: "mapped",
  description: "mapped",
  parameters: "mapped",
  parametersJsonSchema: "mapped",
  behavior: "kept",
  response: "kept",
  responseJsonSchema: "kept",
} as const satisfies Level<FunctionDeclaration>;

const content = { role: "mapped", parts: "mapped" } as const satisfies Level<Content>;

const part = {
  text: "mapped",
  thought: "mapped",
  thoughtSignature: "mapped",
  inlineData: "mapped",
  fileData: "mapped",
  functionCall: "mapped",
  functionResponse: "mapped",
  executableCode: "kept",
  codeExecutionResult: "kept",
  toolCall: "kept",
  toolResponse: "kept",
  audioTranscription: "kept",
  mediaProcessing: "kept",
  mediaResolution: "kept",
  partMetadata: "kept",
  speechMetadata: "kept",
  videoMetadata: "kept",
} as const satisfies Level<Part>;

const inlineData = { data: "mapped", mimeType: "mapped", displayName: "kept" } as const satisfies Level<Blob>;

const fileData = { fileUri: "mapped", mimeType: "mapped", displayName: "kept" } as const satisfies Level<FileData>;

const functionCall = {
  id: "mapped",
  name: "mapped",
  args: "mapped",
  partialArgs: "kept",
  willContinue: "kept",
} as const satisfies Level<FunctionCall>;

const functionResponse = {
  id: "mapped",
  name: "mapped",
  response: "mapped",
  parts: "mapped",
  scheduling: "kept",
  willContinue: "kept",
} as const satisfies Level<FunctionResponse>;

/** Every level of a request, by the member that holds it. */
export const fields = {
  request,
  generationConfig,
  thinkingConfig,
  toolConfig,
  functionCallingConfig,
  tool,
  functionDeclaration,
  content,
  part,
  inlineData,
  fileData,
  functionCall,
  functionResponse,
} as const satisfies Record<string, Readonly<Record<string, Disposition>>>;

type LevelName = keyof typeof fields;

const mapped = new Map<string, ReadonlySet<string>>();
for (const [level, members] of Object.entries(fields)) {
  const names = Object.entries(members).filter(([, disposition]) => disposition === "mapped");
  mapped.set(level, new Set(names.map(([name]) => name)));
}

const nothing: ReadonlySet<string> = new Set();

/** The members that canon has no word for, or `undefined` when there are none. */
export function remainder(value: Obj, level: LevelName): Obj | undefined {
  return rest(value, mapped.get(level) ?? nothing);
}

/** The object with its known members in camelCase. Where both spellings are given, camelCase counts. */
export function spell(value: Obj, level: LevelName): Obj {
  const known: Readonly<Record<string, Disposition>> = fields[level];
  if (!Object.keys(value).some((name) => name.includes("_"))) return value;
  const spelt = Object.entries(value).map(([name, member]) => {
    const camel = name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
    return [Object.hasOwn(known, camel) && !Object.hasOwn(value, camel) ? camel : name, member] as const;
  });
  return Object.fromEntries(spelt);
}
