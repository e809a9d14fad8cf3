/**
 * OpenAI's other endpoints: what the gateway passes on rather than speaks. Each is one line of this table, and its name
 * is its path below `/v1/`.
 */

interface OperationFacts {
  /** What its body may be. */
  readonly takes: readonly ("json" | "form")[];
  /** Must the caller name a model? Otherwise the provider takes one of its own. */
  readonly needsModel: boolean;
  /** What it is paid by: its tokens, as an answer's or an embedding's; nothing; or units that no price is known of. */
  readonly billed: "answer" | "embedding" | "count" | "other";
  /** Members that name something kept at the provider: dots between them, `[]` for each element of a list. */
  readonly kept: readonly string[];
}

const operations = {
  embeddings: { takes: ["json"], needsModel: true, billed: "embedding", kept: [] },
  completions: { takes: ["json"], needsModel: true, billed: "answer", kept: [] },
  moderations: { takes: ["json"], needsModel: false, billed: "count", kept: [] },
  "images/generations": { takes: ["json"], needsModel: false, billed: "other", kept: [] },
  "images/edits": {
    takes: ["form", "json"],
    needsModel: false,
    billed: "other",
    kept: ["images[].file_id", "mask.file_id"],
  },
  "images/variations": { takes: ["form"], needsModel: false, billed: "other", kept: [] },
  // A voice by its name is OpenAI's own; one by its id was made by somebody, and for the operator's account.
  "audio/speech": { takes: ["json"], needsModel: true, billed: "other", kept: ["voice.id"] },
  "audio/transcriptions": { takes: ["form"], needsModel: true, billed: "other", kept: [] },
  "audio/translations": { takes: ["form"], needsModel: true, billed: "other", kept: [] },
} as const satisfies Record<string, OperationFacts>;

export type Operation = keyof typeof operations;

/** What the table says of an operation. */
export function factsOf(operation: Operation): OperationFacts {
  return operations[operation];
}

// A key of the table above is an operation: no type of the standard library says so.
export const operationNames = Object.keys(operations) as Operation[];
