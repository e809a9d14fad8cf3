/** The admin API's paths in openapi.yaml, and those that a key's holder asks of itself. */
import { groupings } from "../stores/store.ts";

type Described = Readonly<Record<string, unknown>>;

const text = { type: "string" } as const;
const security = [{ adminKey: [] }] as const;
const refusal = { $ref: "#/components/responses/Refusal" } as const;

const inPath = (name: string): Described => ({ name, in: "path", required: true, schema: text });
const inQuery = (name: string, description: string, schema: Described = text): Described => {
  return { name, in: "query", description, schema };
};

const team = inPath("team");
const key = inPath("key");
const ifMatch = {
  ...{ name: "If-Match", in: "header", schema: text },
  description: "The `ETag` of the version that this one goes on from; 409 where it is no longer the newest.",
};
const paging = [
  inQuery("after", "The `next` of the page before."),
  inQuery("limit", "How many at the most.", { type: "integer", minimum: 1, maximum: 500 }),
];
const period = [
  inQuery("from", "The first day, `YYYY-MM-DD` in UTC."),
  inQuery("to", "The last day."),
  inQuery("group_by", `Any of ${groupings.join(", ")}, with commas; one sum of all where left out.`),
  inQuery("format", "`json` where left out.", { type: "string", enum: ["json", "csv"] }),
];

interface Route {
  readonly id: string;
  readonly summary: string;
  readonly parameters?: readonly Described[];
  readonly takes?: string;
  readonly answers: string;
  readonly status?: 200 | 201;
  readonly csv?: boolean;
}

function admin({ id, summary, parameters = [], takes, answers, status = 200, csv = false }: Route): Described {
  return {
    operationId: id,
    summary,
    security,
    ...(parameters.length > 0 && { parameters }),
    ...(takes !== undefined && { requestBody: { required: true, content: json(takes) } }),
    responses: {
      [status]: { description: "Done.", content: { ...json(answers), ...(csv && { "text/csv": { schema: text } }) } },
      default: refusal,
    },
  };
}

function json(schema: string): Described {
  return { "application/json": { schema: { $ref: `#/components/schemas/${schema}` } } };
}

export const adminPaths: Described = {
  "/admin/health": {
    get: admin({
      id: "targetHealth",
      summary: "How the targets are, as all isolates together have seen them",
      answers: "TargetHealth",
    }),
  },
  "/admin/routes": {
    get: admin({ id: "retrieveRoutes", summary: "The routes as they are now", answers: "Routes" }),
    put: admin({
      id: "replaceRoutes",
      summary: "Write the whole table as a new version, which reaches every isolate within 10 seconds",
      parameters: [ifMatch],
      takes: "NewRoutes",
      answers: "Routes",
    }),
  },
  "/admin/routes/versions": {
    get: admin({
      id: "listRoutes",
      summary: "The last versions of the routes, newest first, then the configuration's",
      answers: "RoutesVersions",
    }),
  },
  "/admin/routes/rollback": {
    post: admin({
      id: "restoreRoutes",
      summary: "Make a new version of what an older one was",
      parameters: [ifMatch],
      takes: "RoutesRollback",
      answers: "Routes",
    }),
  },
  "/admin/teams": {
    get: admin({ id: "listTeams", summary: "All teams", parameters: paging, answers: "Teams" }),
    post: admin({ id: "createTeam", summary: "Make a team", takes: "NewTeam", answers: "Team", status: 201 }),
  },
  "/admin/teams/{team}": {
    get: admin({ id: "retrieveTeam", summary: "A team", parameters: [team], answers: "Team" }),
    patch: admin({
      id: "changeTeam",
      summary: "Change the name, or single settings; null takes a setting away",
      parameters: [team],
      takes: "ChangedTeam",
      answers: "Team",
    }),
    delete: admin({
      id: "deleteTeam",
      summary: "Erase a team and all that is kept of it",
      parameters: [team],
      answers: "Deleted",
    }),
  },
  "/admin/teams/{team}/keys": {
    get: admin({ id: "listKeys", summary: "The team's keys", parameters: [team, ...paging], answers: "Keys" }),
    post: admin({
      id: "createKey",
      summary: "Make a key, which is shown this once",
      parameters: [team],
      takes: "NewKey",
      answers: "MadeKey",
      status: 201,
    }),
  },
  "/admin/teams/{team}/keys/{key}": {
    get: admin({ id: "retrieveKey", summary: "A key", parameters: [team, key], answers: "Key" }),
    patch: admin({
      id: "changeKey",
      summary: "Change a key; null takes a setting or the expiry away",
      parameters: [team, key],
      takes: "ChangedKey",
      answers: "Key",
    }),
    delete: admin({
      id: "revokeKey",
      summary: "Revoke a key: refused everywhere within 10 seconds",
      parameters: [team, key],
      answers: "Key",
    }),
  },
  "/admin/teams/{team}/keys/{key}/rotate": {
    post: admin({
      id: "rotateKey",
      summary: "A new key, which does not expire, in place of an old one, which works on for its grace",
      parameters: [team, key],
      takes: "Rotation",
      answers: "MadeKey",
      status: 201,
    }),
  },
  "/admin/teams/{team}/usage": {
    get: admin({
      id: "teamUsage",
      summary: "What the team used, summed",
      parameters: [team, ...period, inQuery("key", "Of this key only.")],
      answers: "Usage",
      csv: true,
    }),
  },
  "/admin/teams/{team}/calls": {
    get: admin({
      id: "listCalls",
      summary: "The team's calls, newest first",
      parameters: [team, ...paging, inQuery("key", "Of this key only.")],
      answers: "Calls",
    }),
  },
  "/admin/teams/{team}/cache": {
    delete: admin({
      id: "forgetAnswers",
      summary: "Forget what is cached for the team",
      parameters: [
        team,
        inQuery("model", "Answers of this `provider/model` only."),
        inQuery("tag", "Answers with this tag of `x-gearbox-cache-tag` only."),
      ],
      answers: "Forgotten",
    }),
  },
  "/admin/teams/{team}/export": {
    get: admin({
      id: "exportTeam",
      summary: "All that is kept of the team, page by page: its keys, its calls, their sums by day",
      parameters: [team, ...paging],
      answers: "Export",
    }),
  },
};

export const holderPaths: Described = {
  "/v1/key": {
    get: {
      operationId: "describeKey",
      summary: "The key's limits, what is left of them, and when they reset",
      responses: { "200": { description: "The key.", content: json("HeldKey") }, default: refusal },
    },
  },
  "/v1/usage": {
    get: {
      operationId: "keyUsage",
      summary: "What the key used, summed",
      parameters: period,
      responses: {
        "200": { description: "Sums.", content: { ...json("Usage"), "text/csv": { schema: text } } },
        default: refusal,
      },
    },
  },
};
