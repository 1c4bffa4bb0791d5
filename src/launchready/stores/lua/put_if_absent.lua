-- PutIfAbsent. KEYS[1] entry; ARGV value, ttl in milliseconds.
-- Returns {version} if it wrote, else {value, age in microseconds, version} of the existing entry.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local row = redis.call('HMGET', KEYS[1], 'v', 'p', 'n')
if row[1] then return {row[1], now - row[2], row[3]} end
local text = string.format('%.0f', now)
redis.call('HSET', KEYS[1], 'v', ARGV[1], 'p', text, 'n', text)
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return {text}
