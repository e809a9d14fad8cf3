/** `npm run openapi`: writes openapi.yaml for people, and the same as JSON, which the Worker serves. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { document } from "./document.ts";
import { printYaml } from "./yaml.ts";

const described = document();
writeFileSync(join(import.meta.dirname, "../../openapi.yaml"), printYaml(described));
writeFileSync(join(import.meta.dirname, "openapi.json"), `${JSON.stringify(described)}\n`);
