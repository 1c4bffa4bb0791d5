-- Expect. KEYS[1] entry; ARGV the version it must still have. Answers 1 or 0.
-- The field w says that somebody waits. Who ends the entry (settle, replace, delete) then says its key on the channel
-- launchready:ended, once. By pcall: a user of the server who may not publish settles all the same.
local row = redis.call('HMGET', KEYS[1], 'n', 'w')
if row[1] ~= ARGV[1] then return 0 end
if not row[2] then redis.call('HSET', KEYS[1], 'w', '1') end
return 1
