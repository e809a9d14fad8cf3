/** Signatures against published vectors: AWS's own test suite for SigV4, and RFC 7515 for RS256. */
import { createHash, createHmac, createPublicKey, generateKeyPairSync, verify } from "node:crypto";
import { describe, expect, it } from "vitest";
import { Fault } from "../../src/fault.ts";
import { awsHeaders } from "../../src/providers/bedrock.ts";
import type { Network } from "../../src/providers/network.ts";
import { googleToken, signRs256 } from "../../src/providers/vertex.ts";
import { exampleInput, exampleKey, exampleSignature } from "./rfc7515.ts";

const accessKey = {
  AWS_ACCESS_KEY_ID: "AKIDEXAMPLE",
  AWS_SECRET_ACCESS_KEY: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
};
const at = Date.UTC(2015, 7, 30, 12, 36);

describe("SigV4", () => {
  it("equals a computation of its own, with the digest of the slices and the path encoded twice", async () => {
    const model = encodeURIComponent("us.anthropic.claude-sonnet-4-5-20250929-v1:0");
    const url = `https://bedrock-runtime.eu-central-1.amazonaws.com/model/${model}/invoke`;
    const body = ['{"a":', "1", "}"].map((part) => Buffer.from(part));
    const headers = await awsHeaders(JSON.stringify({ ...accessKey, AWS_SESSION_TOKEN: "session" }), {
      ...{ url, body, region: "eu-central-1", now: at },
    });
    const digest = createHash("sha256").update('{"a":1}').digest("hex");
    const signed = {
      "x-amz-content-sha256": digest,
      "x-amz-date": "20150830T123600Z",
      "x-amz-security-token": "session",
    };
    const canonical = [
      ...["POST", "/model/us.anthropic.claude-sonnet-4-5-20250929-v1%253A0/invoke", ""],
      "host:bedrock-runtime.eu-central-1.amazonaws.com",
      ...Object.entries(signed).map(([name, value]) => `${name}:${value}`),
      ...["", "host;x-amz-content-sha256;x-amz-date;x-amz-security-token", digest],
    ].join("\n");
    const scope = "20150830/eu-central-1/bedrock/aws4_request";
    expect(headers).toEqual({
      ...signed,
      authorization: `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/${scope}, SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-security-token, Signature=${sign(canonical, scope)}`,
    });
  });

  it("is checked by a computation that gives what AWS published", () => {
    const empty = createHash("sha256").digest("hex");
    const date = "x-amz-date:20150830T123600Z";
    const vanilla = ["POST", "/", "", "host:example.amazonaws.com", date, "", "host;x-amz-date", empty].join("\n");
    // awslabs/aws-c-auth, aws-signing-test-suite/v4/post-vanilla.
    expect(sign(vanilla, "20150830/us-east-1/service/aws4_request")).toBe(
      "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
    );
  });

  it("is not needed for an API key", async () => {
    const call = { url: "https://x.test/", body: [], region: "us-east-1", now: at };
    expect(await awsHeaders("bedrock-api-key", call)).toEqual({ authorization: "Bearer bedrock-api-key" });
  });
});

/** SigV4's last two steps, from the canonical request. */
function sign(canonical: string, scope: string): string {
  const hash = createHash("sha256").update(canonical).digest("hex");
  const text = ["AWS4-HMAC-SHA256", "20150830T123600Z", scope, hash].join("\n");
  const secret: Buffer = Buffer.from(`AWS4${accessKey.AWS_SECRET_ACCESS_KEY}`);
  const key = scope.split("/").reduce((under, part) => createHmac("sha256", under).update(part).digest(), secret);
  return createHmac("sha256", key).update(text).digest("hex");
}

describe("RS256", () => {
  it("signs RFC 7515's example as the RFC does", async () => {
    expect(await signRs256(exampleInput, exampleKey())).toBe(exampleSignature);
  });
});

describe("Google's token", () => {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const pem = privateKey.export({ type: "pkcs8", format: "pem" }).toString();

  function account(name: string, more: object = {}): string {
    return JSON.stringify({
      ...{ project_id: "p", client_email: `${name}@p.test`, private_key: pem, private_key_id: "k1" },
      ...more,
    });
  }

  /** Google, as far as it sells tokens. */
  function seller(answer = (sold: number) => Response.json({ access_token: `token-${sold}`, expires_in: 3600 })) {
    const asked: { url: string; form: URLSearchParams; isPrivate: boolean }[] = [];
    const network = (now: number): Network => ({
      now,
      isPrivate: false,
      fetch: async (url, init, isPrivate) => {
        asked.push({ url, form: new URLSearchParams(String(init.body)), isPrivate });
        return answer(asked.length);
      },
    });
    return { asked, network };
  }

  it("is bought with a claim that the account's key has signed", async () => {
    const { asked, network } = seller();
    expect(await googleToken(account("buyer"), network(at))).toBe("token-1");
    const [{ url, form, isPrivate } = { url: "", form: new URLSearchParams(), isPrivate: true }] = asked;
    const [header = "", claims = "", signature = ""] = (form.get("assertion") ?? "").split(".");
    const read = (part: string): unknown => JSON.parse(Buffer.from(part, "base64url").toString());
    expect({ url, isPrivate, grant: form.get("grant_type") }).toEqual({
      url: "https://oauth2.googleapis.com/token",
      isPrivate: false,
      grant: "urn:ietf:params:oauth:grant-type:jwt-bearer",
    });
    expect(read(header)).toEqual({ alg: "RS256", typ: "JWT", kid: "k1" });
    expect(read(claims)).toEqual({
      iss: "buyer@p.test",
      scope: "https://www.googleapis.com/auth/cloud-platform",
      aud: "https://oauth2.googleapis.com/token",
      iat: at / 1000,
      exp: at / 1000 + 3600,
    });
    const key = createPublicKey(publicKey.export({ type: "spki", format: "pem" }));
    const input = Buffer.from(`${header}.${claims}`);
    expect(verify("RSA-SHA256", input, key, Buffer.from(signature, "base64url"))).toBe(true);
  });

  it("is kept until shortly before its end, and for its own account only", async () => {
    const { asked, network } = seller();
    const minutes = (count: number): Network => network(at + count * 60_000);
    expect(await googleToken(account("keeper"), minutes(0))).toBe("token-1");
    expect(await googleToken(account("keeper"), minutes(57))).toBe("token-1");
    expect(await googleToken(account("another"), minutes(57))).toBe("token-2");
    expect(await googleToken(account("keeper"), minutes(58.5))).toBe("token-3");
    expect(asked).toHaveLength(3);
  });

  it("is a fault of the credential where there is none, told without the key", async () => {
    const refusing = seller(() => Response.json({ error: "invalid_grant" }, { status: 400 }));
    const page = seller(() => new Response("<html>", { status: 200 }));
    const cases = [
      [account("refused"), refusing.network(at)],
      [account("puzzled"), page.network(at)],
      [
        account("unreadable", { private_key: "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----" }),
        page.network(at),
      ],
    ] as const;
    for (const [credential, network] of cases) {
      const thrown = await googleToken(credential, network).catch((fault: unknown) => fault);
      expect(thrown).toBeInstanceOf(Fault);
      expect(thrown).toMatchObject({ kind: "credential", message: expect.not.stringContaining("PRIVATE") });
    }
  });
});
