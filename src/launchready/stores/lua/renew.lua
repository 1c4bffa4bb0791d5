-- Renew. KEYS[1] entry; ARGV value, ttl in milliseconds, the version it has or had. Returns 1 or 0.
-- A missing entry was lost (FLUSHALL, an eviction, a fail-over). Its owner lives, and writes it again.
local version = redis.call('HGET', KEYS[1], 'n')
if version and version ~= ARGV[3] then return 0 end
local time = redis.call('TIME')
redis.call('HSET', KEYS[1], 'v', ARGV[1], 'p', string.format('%.0f', time[1] * 1000000 + time[2]), 'n', ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1
