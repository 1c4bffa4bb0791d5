-- Expect. KEYS[1] entry; ARGV the version it must still have. Returns 1 or 0.
-- The field w marks an entry with a waiter. The script that completes it (settle, replace, delete) publishes its key on
-- the channel launchready:ended, once, by pcall: a Redis user without PUBLISH can settle all the same.
local row = redis.call('HMGET', KEYS[1], 'n', 'w')
if row[1] ~= ARGV[1] then return 0 end
if not row[2] then redis.call('HSET', KEYS[1], 'w', '1') end
return 1
