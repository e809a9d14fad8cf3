/** Lua: teams, their keys and their events. A script answers nil where there is no such team. */
import { keyLocals } from "./keys.ts";

const opening = `${keyLocals}
if redis.call('EXISTS', team) == 0 then return false end
`;

const putting = `
local function put_key(id, hash, record)
  local before = redis.call('HGET', keys, id)
  if before then redis.call('HDEL', hashes, cjson.decode(before).hash) end
  redis.call('HSET', keys, id, record)
  redis.call('HSET', hashes, hash, id)
  redis.call('ZADD', key_ids, 0, id)
end
`;

/** hash -> team and key */
export const find = `${opening}
local id = redis.call('HGET', hashes, ARGV[1])
return id and { redis.call('GET', team), redis.call('HGET', keys, id) }
`;

/** record -> 1, also where the team was there before: a second try finds what the first one left */
export const createTeam = `${keyLocals}
if redis.call('EXISTS', erased) == 0 then redis.call('SET', team, ARGV[1], 'NX') end
return 1
`;

/** team record, key id, hash, key record -> 1 where the team is there */
export const adopt = `${keyLocals}${putting}
if redis.call('EXISTS', erased) == 1 then return false end
redis.call('SET', team, ARGV[1], 'NX')
if redis.call('HEXISTS', hashes, ARGV[3]) == 0 then put_key(ARGV[2], ARGV[3], ARGV[4]) end
return 1
`;

/** record -> 1 */
export const putTeam = `${opening}
redis.call('SET', team, ARGV[1])
return 1
`;

/** -> 1. Redis frees what is unlinked a little at a time, and nobody waits for it. */
export const deleteTeam = `${opening}
for _, key in ipairs(KEYS) do redis.call('UNLINK', key) end
redis.call('SET', erased, '1')
return 1
`;

/** key id, hash, record -> 1 */
export const putKey = `${opening}${putting}
put_key(ARGV[1], ARGV[2], ARGV[3])
return 1
`;

/** after, most -> records in order of their ids */
export const keys = `${opening}
local found = {}
for i, id in ipairs(redis.call('ZRANGEBYLEX', key_ids, ARGV[1], '+', 'LIMIT', 0, ARGV[2])) do
  found[i] = redis.call('HGET', keys, id)
end
return found
`;

/** now, most -> events that are due; each is due again after half a minute, then twice as long, up to a day */
export const events = `${opening}
local now, found = tonumber(ARGV[1]), {}
for i, id in ipairs(redis.call('ZRANGEBYSCORE', due, '-inf', ARGV[1], 'LIMIT', 0, ARGV[2])) do
  found[i] = redis.call('HGET', events, id)
  local tries = redis.call('HINCRBY', tries, id, 1) - 1
  local next_due = now + math.min(86400000, 30000 * 2 ^ math.min(tries, 20))
  redis.call('ZADD', due, string.format('%.0f', next_due), id)
end
return found
`;

/** ids -> 1. That the mark was noted stays known. */
export const delivered = `${opening}
for _, id in ipairs(ARGV) do
  redis.call('HDEL', events, id)
  redis.call('HDEL', tries, id)
  redis.call('ZREM', due, id)
end
return 1
`;
