-- Settle. KEYS[1] entry; ARGV value, ttl in milliseconds, the version it has or had. Answers 1 or 0.
-- As Replace; where nothing is there the entry was lost, and what its owner found out is written all the same.
local found = redis.call('HGET', KEYS[1], 'n')
if found and found ~= ARGV[3] then return 0 end
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local version = math.max(now, ARGV[3] + 1)
redis.call('HSET', KEYS[1], 'v', ARGV[1], 'p', string.format('%.0f', now), 'n', string.format('%.0f', version))
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1
