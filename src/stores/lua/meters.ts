/**
 * Lua: the arithmetic of bucket.ts over what Redis keeps, in the same whole numbers and in the same order. They stay
 * exact below 2^53 as long as none is turned into text by Lua itself, which writes 14 digits.
 */
export const meters = `
-- The only way in which a number is written.
local function text(n) return string.format('%.0f', n) end

local function number(key, field) return tonumber(redis.call('HGET', key, field) or '0') end

local function add(key, field, n)
  if n == 0 then return end
  if redis.call('HINCRBY', key, field, text(n)) == 0 then redis.call('HDEL', key, field) end
end

-- leak() of bucket.ts; the bucket is kept as its fill and its time.
local most_windows = 60
local function leak(rate, now)
  local fill, at = string.match(redis.call('HGET', buckets, rate.meter) or '0 0', '(%S+) (%S+)')
  fill, at = tonumber(fill), tonumber(at)
  if now < at then
    if at - now > rate.windowMs then at = now end
    return fill, at
  end
  local elapsed = math.min(now - at, rate.windowMs * most_windows)
  return math.max(0, fill - elapsed * rate.limit), now
end

-- pour() of bucket.ts.
local function pour(rates, now)
  for _, rate in ipairs(rates) do
    local fill, at = leak(rate, now)
    local most = rate.limit * rate.windowMs * most_windows
    fill = math.min(math.max(0, fill + rate.cost * rate.windowMs), most)
    redis.call('HSET', buckets, rate.meter, text(fill) .. ' ' .. text(at))
  end
end

-- rateLevel() of bucket.ts: what is left, and milliseconds until it is whole again.
local function rate_level(rate, now)
  local fill = leak(rate, now)
  local left = math.max(0, math.floor((rate.limit * rate.windowMs - fill) / rate.windowMs))
  return left, math.ceil(fill / rate.limit)
end

-- sumLeft() of bucket.ts.
local function sum_left(sum)
  return math.max(0, sum.limit - number(sums, sum.meter) - number(held, sum.meter))
end

-- levelsOf() of bucket.ts, as left and resetMs in turns.
local function levels_of(charges, now)
  local levels = {}
  local function enter(left, reset)
    levels[#levels + 1] = left
    levels[#levels + 1] = reset
  end
  for _, rate in ipairs(charges.rates) do enter(rate_level(rate, now)) end
  for _, live in ipairs(charges.lives) do enter(math.max(0, live.limit - number(lives, live.meter)), 0) end
  for _, sum in ipairs(charges.sums) do enter(sum_left(sum), 0) end
  return levels
end

-- grant() of bucket.ts over the tightest of these budgets: what is granted, or nil, the budget and what it has left.
local function grant(charged, cost)
  local left, tightest = math.huge, ''
  for _, sum in ipairs(charged) do
    local own = sum_left(sum)
    if own < left then left, tightest = own, sum.meter end
  end
  if cost.least > left then return nil, tightest, left end
  return math.min(cost.wanted, math.max(cost.least, math.floor(left / 2)))
end

-- judge() of bucket.ts: what is granted, or nil, the meter, what it has left and (-1: unknown) when to ask again.
local function judge(charges, cost, now)
  for _, rate in ipairs(charges.rates) do
    local over = leak(rate, now) + rate.cost * rate.windowMs - rate.limit * rate.windowMs
    if over > 0 then
      local left = rate_level(rate, now)
      return nil, rate.meter, left, rate.cost > rate.limit and -1 or math.max(0, math.ceil(over / rate.limit))
    end
  end
  for _, live in ipairs(charges.lives) do
    if number(lives, live.meter) >= live.limit then return nil, live.meter, 0, 1000 end
  end
  local granted, meter, left = grant(charges.sums, cost)
  local retry = 1000
  for _, sum in ipairs(charges.sums) do
    if cost.least > sum.limit - number(sums, sum.meter) then retry = -1 end
  end
  return granted, meter, left, retry
end
`;
