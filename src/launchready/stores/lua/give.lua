-- Give. KEYS[1] windows of a key; ARGV cost, the time of the Take in microseconds or '' to delete the key, then the
-- limit and period of each window. Implements `give` of launchready/exchange/window.py on the states of take.lua.

if ARGV[2] == '' then return redis.call('DEL', KEYS[1]) end

local EXACT, GROUPS, HEAD, SIZE = 256, 32, 2, 8
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

local function numbers(state)
  local row = {}
  for index = 1, #state / SIZE do row[index] = at(state, index) end
  return row
end

local function grouped(state, limit)
  local row, place, group = numbers(state), HEAD + 1, math.floor(limit / GROUPS)
  if #row <= HEAD or taken <= row[2] then return state end
  while place < #row and row[place] < taken do place = place + 2 end
  if place > #row then return state end
  local units = math.min(cost, row[place + 1])
  row[1], row[place + 1] = row[1] - units, row[place + 1] - units
  local function drop(first)
    table.remove(row, first)
    table.remove(row, first)
  end
  if row[place + 1] == 0 then drop(place) end
  for _, left in ipairs({place, place - 2}) do
    if left > HEAD and left + 3 <= #row and row[left + 1] + row[left + 3] <= group then
      row[left + 3] = row[left + 3] + row[left + 1]
      drop(left)
    end
  end
  for index = 1, #row do row[index] = struct.pack('d', row[index]) end
  return table.concat(row)
end

for index = 1, (#ARGV - 2) / 2 do
  local state = redis.call('HGET', KEYS[1], index)
  if state then
    local limit = tonumber(ARGV[index * 2 + 1])
    redis.call('HSET', KEYS[1], index, limit <= EXACT and exact(state) or grouped(state, limit))
  end
end
return 1
