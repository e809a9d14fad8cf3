/**
 * Lua: admission and settlement, each one script, so that nothing comes between its reading and its writing. Arguments
 * come as JSON. A script answers nil where there is no such team and `again` where more holds have run out than it takes
 * at once.
 */
import { account } from "./account.ts";
import { again, keyLocals } from "./keys.ts";
import { meters } from "./meters.ts";

const opening = `${keyLocals}
if redis.call('EXISTS', team) == 0 then return false end
${meters}${account}
local ask = cjson.decode(ARGV[1])
if sweep(ask.now) then return '${again}' end
`;

/** {now, id, expiresAt, cost, rates, lives, sums}, hold -> [1, granted, levels] or [0, meter, left, retryAfterMs, levels] */
export const reserve = `${opening}
local known = hold_of(ask.id)
if known then return { 1, number(granted, ask.id), levels_of(ask, ask.now) } end
local amount, meter, left, retry = judge(ask, ask.cost, ask.now)
if not amount then return { 0, meter, left, retry, levels_of(ask, ask.now) } end
pour(ask.rates, ask.now)
for _, live in ipairs(ask.lives) do add(lives, live.meter, 1) end
for _, sum in ipairs(ask.sums) do add(held, sum.meter, amount) end
redis.call('ZADD', holds, text(ask.expiresAt), ask.id)
redis.call('HSET', holding, ask.id, ARGV[2])
redis.call('HSET', granted, ask.id, text(amount))
return { 1, amount, levels_of(ask, ask.now) }
`;

/** {now, id, expiresAt, cost, sums} -> what more was granted */
export const extend = `${opening}
local hold = hold_of(ask.id)
if not hold then return 0 end
local more = ask.cost.wanted > 0 and grant(ask.sums, ask.cost) or 0
local expires = tonumber(redis.call('ZSCORE', holds, ask.id))
redis.call('ZADD', holds, text(math.max(expires, ask.expiresAt)), ask.id)
redis.call('HINCRBY', granted, ask.id, text(more))
for _, sum in ipairs(hold.sums) do add(held, sum.meter, more) end
return more
`;

/** {now, oldest, day, entries: {id, name, row, group, counts, cost, sums, rates}[]} -> 1 */
export const settle = `${opening}
for _, entry in ipairs(ask.entries) do
  local hold = hold_of(entry.id)
  local is_known = redis.call('HEXISTS', rows, entry.name) == 1
  local is_swept = is_known and redis.call('HEXISTS', swept, entry.name) == 1
  if hold then release(entry.id, hold) end
  if is_swept then unsweep(entry.name, ask.now) end
  if is_swept or not is_known then
    enter(entry.name, entry.row, entry.group, entry.counts)
    pay(entry.sums, entry.cost, ask.now)
    pour(entry.rates, ask.now)
  end
end
prune(ask.oldest, ask.day, 20)
return 1
`;

/** {now, rates, lives, sums} -> levels */
export const levels = `${opening}
return levels_of(ask, ask.now)
`;

/** {now, from, to, most}: names of groups between which to look -> groups and their counts in turns */
export const usage = `${opening}
local found = {}
for _, group in ipairs(redis.call('ZRANGEBYLEX', groups, ask.from, ask.to, 'LIMIT', 0, ask.most)) do
  found[#found + 1] = group
  found[#found + 1] = redis.call('HGET', rollups, group)
end
return found
`;

/** {now, before, oldest, day, most}: rows older than that name, the newest first -> rows */
export const calls = `${opening}
prune(ask.oldest, ask.day, 500)
local found = {}
for i, name in ipairs(redis.call('ZREVRANGEBYLEX', calls, ask.before, '-', 'LIMIT', 0, ask.most)) do
  found[i] = redis.call('HGET', rows, name)
end
return found
`;
