/** The protocols we speak. */
import type { ProtocolId } from "../canon/request.ts";
import { chat } from "./chat/index.ts";
import { gemini } from "./gemini/index.ts";
import { messages } from "./messages/index.ts";
import type { Protocol } from "./protocol.ts";
import { responses } from "./responses/index.ts";

export const protocols: Readonly<Record<ProtocolId, Protocol>> = { chat, responses, messages, gemini };
