-- Learn the epoch at start. KEYS[1] the sentinel of claim.lua; ARGV a new epoch. Returns the current epoch.
redis.call('HSETNX', KEYS[1], 'id', ARGV[1])
redis.call('HSETNX', KEYS[1], 'until', '0')
return redis.call('HGET', KEYS[1], 'id')
