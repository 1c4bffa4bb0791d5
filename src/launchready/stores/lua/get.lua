-- Get. KEYS[1] entry. Returns {value, age in microseconds, version}, or nothing.
-- An entry is a hash: v value, p time of the write (microseconds), n version. Redis expires it.
local row = redis.call('HMGET', KEYS[1], 'v', 'p', 'n')
if not row[1] then return false end
local time = redis.call('TIME')
return {row[1], time[1] * 1000000 + time[2] - row[2], row[3]}
