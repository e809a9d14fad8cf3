// OpenAI moderations: whatever speaks of violence is flagged.

import { missing, openaiAuth } from "./check.ts";
import { plain } from "./embeddings.ts";
import { openaiError, openaiHeaders } from "./openai.ts";
import type { Wire } from "./wire.ts";

export const moderations: Wire = {
  ...plain,
  protocol: "moderations",
  checks: [openaiAuth, ({ body }) => (body.input === undefined ? missing("input") : undefined)],
  json(take, { body, model }) {
    const flagged = JSON.stringify(body.input).includes("violence");
    const result = { flagged, categories: { violence: flagged }, category_scores: { violence: flagged ? 0.9 : 0.1 } };
    return { id: take.id("modr"), model: model === "" ? "omni-moderation-latest" : model, results: [result] };
  },
  error: openaiError,
  headers: openaiHeaders,
};
