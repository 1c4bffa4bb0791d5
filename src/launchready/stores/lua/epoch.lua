-- What a process knows from its start. KEYS[1] the sentinel of claim.lua; ARGV a new epoch. Answers the epoch.
redis.call('HSETNX', KEYS[1], 'id', ARGV[1])
redis.call('HSETNX', KEYS[1], 'until', '0')
return redis.call('HGET', KEYS[1], 'id')
