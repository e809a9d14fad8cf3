/** `npm run key`: a root secret and a first key for Cloudflare, with the commands that put them there. */
import { randomBytes } from "node:crypto";
import { checkKey, mintKey, mintTeam } from "../policy/key.ts";
import { mintSecret } from "./data.ts";

const secret = mintSecret(randomBytes);
const key = mintKey(secret, mintTeam(randomBytes), randomBytes);

console.log(`
  GEARBOX_SECRET   ${secret}
  first key        ${key}
  FIRST_KEY_HASH   ${checkKey([secret], key)?.hash}

Keep the first key; the other two go to Cloudflare. Each command asks for its value:

npx wrangler secret put GEARBOX_SECRET
npx wrangler secret put FIRST_KEY_HASH
`);
