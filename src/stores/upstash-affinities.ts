/**
 * Who has which conversation, on Upstash Redis: so that it is known in every process before it. A team's records lie in
 * one hash for each day on which they expire, which Redis drops as a whole: only two of them are ever there.
 */
import type { KeptAffinities } from "./affinities.ts";
import { type Access, running, script } from "./upstash-client.ts";

const dayMs = 24 * 60 * 60 * 1000;

/** Of one team and day. Beyond it nobody new is entered: such a conversation is chosen for anew in each process. */
const mostRecords = 100_000;

const scripts = {
  get: script("return redis.call('HGET', KEYS[2], ARGV[1]) or redis.call('HGET', KEYS[1], ARGV[1])"),
  put: script(`
    local is_new = redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0
    if is_new and redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[4]) then return 0 end
    redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
    redis.call('PEXPIREAT', KEYS[1], ARGV[3])
    return 1
  `),
  forget: script("return redis.call('UNLINK', KEYS[1], KEYS[2])"),
};

/** Holds nothing that belongs to a request: one serves all of an isolate. */
export function upstashAffinities(access: Access, now: () => number): KeptAffinities {
  const run = running(access);
  const keysAt = (team: string, at: number): string[] => [dayKey(team, dayOf(at)), dayKey(team, dayOf(at) + 1)];
  return {
    async get(team, conversation, at) {
      const value = await run(scripts.get, keysAt(team, at), [conversation]);
      if (typeof value !== "string") return undefined;
      const space = value.indexOf(" ");
      return Number(value.slice(0, space)) > at ? value.slice(space + 1) : undefined;
    },
    async put(team, conversation, record, expiresAt) {
      const day = dayOf(expiresAt);
      const args = [conversation, `${expiresAt} ${record}`, String((day + 1) * dayMs), String(mostRecords)];
      await run(scripts.put, [dayKey(team, day)], args);
    },
    async forget(team) {
      await run(scripts.forget, keysAt(team, now()), []);
    },
  };
}

function dayOf(at: number): number {
  return Math.floor(at / dayMs);
}

function dayKey(team: string, day: number): string {
  return `gearbox:{${team}}:affinity:${day}`;
}
