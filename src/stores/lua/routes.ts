/** Lua: the versions of the routes, each under its number in one hash, beside the number of the newest. */

/** known -> the newest version, or nil where that is the known one or there is none */
export const newest = `
local latest = redis.call('HGET', KEYS[1], 'newest')
if not latest or latest == ARGV[1] then return false end
return redis.call('HGET', KEYS[1], latest)
`;

/** version, its record, how many are kept -> 1 where it was the next one, or is there already */
export const add = `
local latest = redis.call('HGET', KEYS[1], 'newest') or '0'
if latest == ARGV[1] then
  return redis.call('HGET', KEYS[1], latest) == ARGV[2] and 1
end
if tonumber(latest) + 1 ~= tonumber(ARGV[1]) then return false end
redis.call('HSET', KEYS[1], 'newest', ARGV[1], ARGV[1], ARGV[2])
redis.call('HDEL', KEYS[1], string.format('%.0f', ARGV[1] - ARGV[3]))
return 1
`;
