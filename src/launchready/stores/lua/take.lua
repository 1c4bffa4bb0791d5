-- Take. KEYS[1] windows of a key; ARGV cost, now in microseconds or '' for the time of this server, then for each
-- window limit and period in microseconds. Answers {allowed, which, remaining, reset, taken at}, in
-- microseconds.
--
-- The rule is launchready/exchange/window.py, line by line. A window is a field of the hash, numbered from 1, a string
-- of doubles: the times of hits, ascending; or above 256 the sum of all counts, then slice number and count alternating.
-- A double holds every microsecond up to the year 2255 exactly, but not 16 times that: products are split before.

local EXACT, SLICES, SIZE = 256, 16, 8
local cost = tonumber(ARGV[1])
local now = tonumber(ARGV[2])
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000000 + time[2]
end
local taken = now  -- when the units are taken: later than now where the clock went back

local function at(state, index)
  return (struct.unpack('d', state, (index - 1) * SIZE + 1))
end

local function div(a, b)
  return (a - math.fmod(a, b)) / b
end

local function exact(state, limit, period)  -- the state without what is over, units left, the wait
  local length, moment = #state / SIZE, now
  if length > 0 then
    if at(state, length) > now then moment = at(state, length) end
    local low, high = 0, length  -- so many at the front are over: a binary search
    while low < high do
      local middle = div(low + high, 2)
      if at(state, middle + 1) <= moment - period then low = middle + 1 else high = middle end
    end
    state = string.sub(state, low * SIZE + 1)
    length = length - low
  end
  local left = limit - length
  if cost > left then
    local over = cost - left
    return state, -1 - left, over <= length and at(state, over) + period - moment or period
  end
  local wait = length > 0 and at(state, 1) + period - moment or period
  taken = math.max(taken, moment)
  return state .. string.rep(struct.pack('d', moment), cost), left - cost, wait
end

local function gone(slice, period)  -- until a slice is no longer counted
  local last = slice + SLICES + 1
  local part = math.fmod(last, SLICES)
  return (last - part) / SLICES * period + div(part * period + SLICES - 1, SLICES) - now
end

local function sliced(state, limit, period)
  local row = {}
  for index = 1, #state / SIZE do row[index] = at(state, index) end
  local rest = math.fmod(now, period)
  local slice = (now - rest) / period * SLICES + div(rest * SLICES, period)
  if #row > 1 and row[#row - 1] > slice then slice = row[#row - 1] end
  local first, sum = 2, row[1] or 0
  while first < #row and row[first] < slice - SLICES do
    sum = sum - row[first + 1]
    first = first + 2
  end
  local left = limit - sum
  if cost > left then
    local over, index = cost - left, first
    while index < #row do
      over = over - row[index + 1]
      if over <= 0 then return nil, -1 - left, gone(row[index], period) end
      index = index + 2
    end
    return nil, -1 - left, period
  end
  local wait = gone(first < #row and row[first] or slice, period)
  local kept = string.sub(state, (first - 1) * SIZE + 1)
  if cost > 0 then
    if first < #row and row[#row - 1] == slice then
      kept = string.sub(kept, 1, -SIZE - 1) .. struct.pack('d', row[#row] + cost)
    else
      kept = kept .. struct.pack('dd', slice, cost)
    end
  end
  return struct.pack('d', sum + cost) .. kept, left - cost, wait
end

local fields, count = {}, (#ARGV - 2) / 2
for index = 1, count do fields[index] = index end
local states = redis.call('HMGET', KEYS[1], unpack(fields))
local write, refused, which, remaining, reset, longest = {}, false, 0, -1, 0, 0
for index = 1, count do
  local limit, period = tonumber(ARGV[index * 2 + 1]), tonumber(ARGV[index * 2 + 2])
  local look = limit <= EXACT and exact or sliced
  local state, left, wait = look(states[index] or '', limit, period)
  if left < 0 then
    if not refused or wait > reset then refused, which, reset, remaining = true, index, wait, -1 - left end
  elseif not refused and (remaining < 0 or left < remaining) then
    which, reset, remaining = index, wait, left
  end
  write[#write + 1], write[#write + 2] = index, state
  longest = math.max(longest, period)
end
if refused then return {0, which - 1, remaining, reset, taken} end
redis.call('HSET', KEYS[1], unpack(write))
redis.call('PEXPIRE', KEYS[1], string.format('%.0f', math.ceil(longest / 1000)))
return {1, which - 1, remaining, reset, taken}
