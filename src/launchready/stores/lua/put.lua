-- Put. KEYS[1] entry; ARGV value, ttl in milliseconds. Returns the version.
-- A version is the time of the write, or the last version plus one if that is greater. It grows across a Delete too.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local version = math.max(now, (tonumber(redis.call('HGET', KEYS[1], 'n')) or 0) + 1)
local text = string.format('%.0f', version)
redis.call('HSET', KEYS[1], 'v', ARGV[1], 'p', string.format('%.0f', now), 'n', text)
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return text
