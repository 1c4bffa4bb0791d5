-- Delete. KEYS[1] entry; ARGV[1] the version it must still have, or ''. Returns 1 if an entry was removed.
local row = redis.call('HMGET', KEYS[1], 'n', 'w')
if ARGV[1] ~= '' and row[1] ~= ARGV[1] then return 0 end
if row[2] then redis.pcall('PUBLISH', 'launchready:ended', KEYS[1]) end  -- expect.lua
return redis.call('DEL', KEYS[1])
