-- Seize. KEYS[1] entry; ARGV value, ttl in milliseconds, the version it must still have, the age in microseconds that
-- it must have reached. Returns the new version, or 0.
local row = redis.call('HMGET', KEYS[1], 'p', 'n')
if not row[1] or row[2] ~= ARGV[3] then return '0' end
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
if now - row[1] < tonumber(ARGV[4]) then return '0' end
local text = string.format('%.0f', math.max(now, ARGV[3] + 1))
redis.call('HSET', KEYS[1], 'v', ARGV[1], 'p', string.format('%.0f', now), 'n', text)
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return text
