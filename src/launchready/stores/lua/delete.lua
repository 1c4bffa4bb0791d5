-- Delete. KEYS[1] entry; ARGV[1] the version it must still have, or ''. Answers 1 where something was removed.
if ARGV[1] ~= '' and redis.call('HGET', KEYS[1], 'n') ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
