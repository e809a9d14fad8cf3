/**
 * Lua: a team's cached answers on Redis. Each answer is one value under its own key, which Redis ends by itself; beside
 * them stand five indexes, and only what these name is found. Each script does so much and no more.
 *
 * All keys of a team share the hash tag `{team}`. A script is given the indexes and what it is asked for; the values
 * that make way for others are named by the indexes alone, and have the same hash tag.
 */

/**
 * `used` and `ends`: keys by when they were asked for last and by when they run out. `facts`: key to its size and labels.
 * `labels`: `label:key` in order, for what is to be forgotten together. `bytes`: the sum of sizes.
 */
const indexes = ["used", "ends", "facts", "labels", "bytes"] as const;

const prefixOf = (team: string): string => `gearbox:{${team}}:cache:`;

/** The indexes' keys, then those of these values. */
export function keysOf(team: string, keys: readonly string[] = []): string[] {
  return [...indexes.map((index) => `${prefixOf(team)}${index}`), ...keys.map((key) => entryPrefix(team) + key)];
}

/** What the keys of a team's values begin with: every script's first argument. */
export function entryPrefix(team: string): string {
  return `${prefixOf(team)}entry:`;
}

const opening = `
local ${indexes.join(", ")} = unpack(KEYS, 1, ${indexes.length})
local entry = ARGV[1]

-- The only way in which a number is written.
local function text(n) return string.format('%.0f', n) end

-- Takes out a value and all that names it; was it there?
local function drop(key)
  local known = redis.call('HGET', facts, key)
  if not known then return false end
  local size
  for word in string.gmatch(known, '%S+') do
    if size then redis.call('ZREM', labels, word .. ':' .. key) else size = tonumber(word) end
  end
  redis.call('HDEL', facts, key)
  redis.call('ZREM', used, key)
  redis.call('ZREM', ends, key)
  redis.call('DECRBY', bytes, text(size))
  redis.call('UNLINK', entry .. key)
  return true
end
`;

/** prefix, now, most, keys: values until there are so many bytes; an empty one where there is none */
export const get = `${opening}
local now, most = tonumber(ARGV[2]), tonumber(ARGV[3])
local found, sum = {}, 0
for at = 4, #ARGV do
  local key = ARGV[at]
  local expires = redis.call('ZSCORE', ends, key)
  local value = ''
  if expires and tonumber(expires) > now then
    value = redis.call('GET', entry .. key) or ''
    if value == '' then drop(key) else redis.call('ZADD', used, 'XX', 'GT', ARGV[2], key) end
  end
  found[#found + 1] = value
  sum = sum + #value
  if sum >= most then break end
end
return found
`;

/** prefix, now, most bytes of the team, then key, value, end and labels of each: 1 */
export const put = `${opening}
local now, most = tonumber(ARGV[2]), tonumber(ARGV[3])

local function drop_expired()
  local expired = redis.call('ZRANGEBYSCORE', ends, '-inf', ARGV[2], 'LIMIT', 0, 100)
  for _, key in ipairs(expired) do drop(key) end
  return #expired > 0
end

local function is_full() return tonumber(redis.call('GET', bytes) or '0') > most end

-- An index that Redis itself has let go leaves the others without a meaning.
if redis.call('EXISTS', unpack(KEYS, 1, ${indexes.length})) < ${indexes.length} then
  redis.call('UNLINK', unpack(KEYS, 1, ${indexes.length}))
end

-- Beside its value an entry takes about so much in the indexes.
local indexed = 500
local longest = 0
for at = 4, #ARGV, 4 do
  local key, value, expires = ARGV[at], ARGV[at + 1], ARGV[at + 2]
  drop(key)
  local left = tonumber(expires) - now
  redis.call('SET', entry .. key, value, 'PX', text(left))
  redis.call('HSET', facts, key, text(#value + indexed) .. ARGV[at + 3])
  redis.call('ZADD', used, ARGV[2], key)
  redis.call('ZADD', ends, expires, key)
  for label in string.gmatch(ARGV[at + 3], '%S+') do redis.call('ZADD', labels, 0, label .. ':' .. key) end
  redis.call('INCRBY', bytes, text(#value + indexed))
  longest = math.max(longest, left)
end

drop_expired()
while is_full() and drop_expired() do end
while is_full() do
  local oldest = redis.call('ZRANGE', used, 0, 0)[1]
  if not oldest then break end
  drop(oldest)
end

-- With the last of its values an index is gone too.
for at = 1, ${indexes.length} do
  if redis.call('PTTL', KEYS[at]) < longest then redis.call('PEXPIRE', KEYS[at], text(longest)) end
end
return 1
`;

/** prefix, from, to, another label or nothing, most: how many are gone, and the last that was looked at or nothing */
export const forget = `${opening}
local also, most = ARGV[4], tonumber(ARGV[5])
local seen = redis.call('ZRANGEBYLEX', labels, ARGV[2], ARGV[3], 'LIMIT', 0, most)
local count = 0
for _, member in ipairs(seen) do
  local key = string.match(member, ':(.*)$')
  local is_meant = also == '' or redis.call('ZSCORE', labels, also .. ':' .. key)
  if is_meant and drop(key) then count = count + 1 end
end
return { count, seen[most] or '' }
`;
