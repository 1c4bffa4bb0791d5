-- Give. KEYS[1] windows of a key; ARGV cost, when it was taken in microseconds or '' to forget the key, then for each
-- window limit and period. The rule is `give` of launchready/exchange/window.py; states are those of take.lua.

if ARGV[2] == '' then return redis.call('DEL', KEYS[1]) end

local EXACT, SLICES, SIZE = 256, 16, 8
local cost, taken = tonumber(ARGV[1]), tonumber(ARGV[2])

local function at(state, index)
  return (struct.unpack('d', state, (index - 1) * SIZE + 1))
end

local function without(state, first, last)  -- the numbers before first and after last
  return string.sub(state, 1, (first - 1) * SIZE) .. string.sub(state, last * SIZE + 1)
end

local function exact(state)
  local last = #state / SIZE
  while last > 0 and at(state, last) > taken do last = last - 1 end
  local first = last
  while first > 0 and last - first < cost and at(state, first) == taken do first = first - 1 end
  return without(state, first + 1, last)
end

local function sliced(state, period)
  local rest = math.fmod(taken, period)
  local slice = (taken - rest) / period * SLICES + math.floor(rest * SLICES / period)
  for index = 2, #state / SIZE, 2 do
    if at(state, index) == slice then
      local count = at(state, index + 1)
      local units = math.min(cost, count)
      local kept = ''
      if count > units then kept = struct.pack('dd', slice, count - units) end
      return struct.pack('d', at(state, 1) - units) .. string.sub(state, SIZE + 1, (index - 1) * SIZE) .. kept
        .. string.sub(state, (index + 1) * SIZE + 1)
    end
  end
  return state
end

for index = 1, (#ARGV - 2) / 2 do
  local state = redis.call('HGET', KEYS[1], index)
  if state then
    local limit, period = tonumber(ARGV[index * 2 + 1]), tonumber(ARGV[index * 2 + 2])
    redis.call('HSET', KEYS[1], index, limit <= EXACT and exact(state) or sliced(state, period))
  end
end
return 1
