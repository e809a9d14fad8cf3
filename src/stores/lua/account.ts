/** Lua: rows, roll-ups, budgets paid and the holds that are swept into them. Needs the functions of meters.ts. */
export const account = `
-- Adds a row's counts to its group, or (sign -1) takes them out again; a group of no calls is gone.
local function count(group, counts, sign)
  local was, now = {}, {}
  for word in string.gmatch(redis.call('HGET', rollups, group) or '', '%S+') do was[#was + 1] = tonumber(word) end
  for i, n in ipairs(counts) do now[i] = text((was[i] or 0) + sign * n) end
  if now[1] == '0' then
    redis.call('HDEL', rollups, group)
    redis.call('ZREM', groups, group)
  else
    redis.call('HSET', rollups, group, table.concat(now, ' '))
    redis.call('ZADD', groups, 0, group)
  end
end

-- Marks that were noted once stay known, as long as the budget's period is.
local function note(sum, mark, spent, at)
  local known = redis.call('HGET', marks, sum.meter) or ' '
  if string.find(known, ' ' .. text(mark) .. ' ', 1, true) then return end
  redis.call('HSET', marks, sum.meter, known .. text(mark) .. ' ')
  local id = sum.meter .. '@' .. text(mark)
  local members = {
    '"id":' .. cjson.encode(id), '"at":' .. text(at), '"meter":' .. cjson.encode(sum.meter),
    '"mark":' .. text(mark), '"limit":' .. text(sum.limit), '"spent":' .. text(spent),
  }
  redis.call('HSET', events, id, '{' .. table.concat(members, ',') .. '}')
  redis.call('ZADD', due, text(at), id)
end

local function pay(charged, cost, at)
  if cost == 0 then return end
  for _, sum in ipairs(charged) do
    local before = number(sums, sum.meter)
    local after = math.max(0, before + cost)
    redis.call('HSET', sums, sum.meter, text(after))
    local year, month, day = string.match(sum.meter, '/(%d%d%d%d)%-(%d%d)%-(%d%d)$')
    if year then redis.call('ZADD', periods, year .. month .. day, sum.meter) end
    for _, mark in ipairs(sum.marks or {}) do
      if before < mark and after >= mark then note(sum, mark, after, at) end
    end
  end
end

local function hold_of(id)
  local known = redis.call('HGET', holding, id)
  return known and cjson.decode(known), known
end

-- Gives back what a hold holds; what that was.
local function release(id, hold)
  local amount = number(granted, id)
  for _, meter in ipairs(hold.lives) do add(lives, meter, -1) end
  for _, sum in ipairs(hold.sums) do add(held, sum.meter, -amount) end
  redis.call('ZREM', holds, id)
  redis.call('HDEL', holding, id)
  redis.call('HDEL', granted, id)
  return amount
end

local function enter(name, row, group, counts)
  redis.call('ZADD', calls, 0, name)
  redis.call('HSET', rows, name, row)
  count(group, counts, 1)
end

-- The counts of a swept row, in the order of countsOf() of account.ts.
local function swept_counts(cost) return { 1, 0, 0, 0, 0, 0, cost, 1, 0, 0, 0 } end

-- Settles holds that have run out at what they held, the oldest first; a call that is in the account already is not
-- entered again. Are there more of them than one script takes?
local function sweep(now)
  local expired = redis.call('ZRANGEBYSCORE', holds, '-inf', text(now), 'LIMIT', 0, 100)
  for _, id in ipairs(expired) do
    local hold, known = hold_of(id)
    local cost = release(id, hold)
    local ending = ',"state":"estimated","isSwept":true,"status":0,"usage":{},"cost":' .. text(cost) .. '}'
    if redis.call('HEXISTS', rows, hold.name) == 0 then
      enter(hold.name, string.sub(hold.draft, 1, -2) .. ending, hold.group, swept_counts(cost))
      redis.call('HSET', swept, hold.name, text(cost) .. ' ' .. known)
      pay(hold.sums, cost, now)
    end
  end
  return #expired == 100
end

-- Takes a swept row out of the account again.
local function unsweep(name, now)
  local cost, known = string.match(redis.call('HGET', swept, name), '^(%S+) (.*)$')
  local hold = cjson.decode(known)
  cost = tonumber(cost)
  count(hold.group, swept_counts(cost), -1)
  pay(hold.sums, -cost, now)
  redis.call('HDEL', swept, name)
end

-- Deletes so many rows at the most that are older than that name, and as many sums of periods before that day.
local function prune(name, day, most)
  for _, old in ipairs(redis.call('ZRANGEBYLEX', calls, '-', '(' .. name, 'LIMIT', 0, most)) do
    redis.call('ZREM', calls, old)
    redis.call('HDEL', rows, old)
    redis.call('HDEL', swept, old)
  end
  for _, old in ipairs(redis.call('ZRANGEBYSCORE', periods, '-inf', '(' .. day, 'LIMIT', 0, most)) do
    redis.call('ZREM', periods, old)
    redis.call('HDEL', sums, old)
    redis.call('HDEL', marks, old)
  end
end
`;
