/** The model that the engines are measured by keeps the contract itself. */
import { storeContract } from "./contract.ts";
import { memoryStore } from "./memory.ts";

storeContract("memory", memoryStore);
