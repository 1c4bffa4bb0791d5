-- Settle. KEYS[1] entry; ARGV value, ttl in milliseconds, the version it has or had. Returns 1 or 0.
-- As Replace, but a missing entry was lost, and the owner's result is written all the same.
local row = redis.call('HMGET', KEYS[1], 'n', 'w')
if row[1] and row[1] ~= ARGV[3] then return 0 end
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local version = math.max(now, ARGV[3] + 1)
redis.call('HSET', KEYS[1], 'v', ARGV[1], 'p', string.format('%.0f', now), 'n', string.format('%.0f', version))
redis.call('PEXPIRE', KEYS[1], ARGV[2])
if row[2] then  -- expect.lua
  redis.call('HDEL', KEYS[1], 'w')
  redis.pcall('PUBLISH', 'launchready:ended', KEYS[1])
end
return 1
