-- Take. KEYS[1] windows of a key; ARGV cost, now in microseconds or '' for the time of this server, then for each
-- window limit and period in microseconds. Returns {allowed, which, remaining, reset, taken at}, in microseconds.
--
-- Implements launchready/exchange/window.py, line by line. A window is a field of the hash, numbered from 1: a string of
-- doubles with the times of hits, ascending. Above a limit of 256 it holds the sum of all counts, the time up to which
-- hits have expired, then time and count of each group. A double is exact to the microsecond up to the year 2255.

local EXACT, GROUPS, HEAD, SIZE = 256, 32, 2, 8
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

local function grouped(state, limit, period)
  local size, moment, total, over, first, joins = #state / SIZE, now, 0, now - 1, HEAD + 1, false
  if size > 0 then total, over = at(state, 1), at(state, 2) end
  if size > HEAD then
    if at(state, size - 1) > now then moment = at(state, size - 1) end
    while first < size and at(state, first) <= moment - period do
      over = at(state, first)
      total = total - at(state, first + 1)
      first = first + 2
    end
    joins = first < size and cost > 0 and at(state, size) + cost <= div(limit, GROUPS)
  end
  local left = limit - total
  if cost > left then
    local missing = cost - left
    for index = first, size - 1, 2 do
      missing = missing - at(state, index + 1)
      if missing <= 0 then return state, -1 - left, at(state, index) + period - moment end
    end
    return state, -1 - left, period
  end
  local oldest = moment
  if first + (joins and 2 or 0) < size then oldest = at(state, first) end
  if cost > 0 then
    local kept, count = string.sub(state, (first - 1) * SIZE + 1), cost
    if joins then kept, count = string.sub(kept, 1, -2 * SIZE - 1), at(state, size) + cost end
    state = struct.pack('dd', total + cost, over) .. kept .. struct.pack('dd', moment, count)
    taken = math.max(taken, moment)
  end
  return state, left - cost, oldest + period - moment
end

local fields, count = {}, (#ARGV - 2) / 2
for index = 1, count do fields[index] = index end
local states = redis.call('HMGET', KEYS[1], unpack(fields))
local write, refused, which, remaining, reset, longest = {}, false, 0, -1, 0, 0
for index = 1, count do
  local limit, period = tonumber(ARGV[index * 2 + 1]), tonumber(ARGV[index * 2 + 2])
  local look = limit <= EXACT and exact or grouped
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
