-- PutIfAbsent of an entry that is not evictable. KEYS[1] entry, KEYS[2] sentinel; ARGV value, ttl in milliseconds, the
-- epoch that this process knows or '', a new epoch, and for how many microseconds to refuse claims after a loss.
-- Returns the same as put_if_absent.lua, or {'lost', epoch} if the server has lost its data since that epoch.
--
-- The sentinel is a hash without expiry: id, and until, the time up to which claims are refused. FLUSHALL or a restart
-- without persistence deletes it too. A process that knows an epoch and finds none, or another one, detects the loss.
-- Then no claim is granted for a while, so that live processes can write their lost claims again (by Renew).
-- A process without an epoch cannot tell a loss from a new server. It creates an epoch and refuses no claim.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local epoch = redis.call('HMGET', KEYS[2], 'id', 'until')
if not epoch[1] then
  epoch = {ARGV[4], ARGV[3] ~= '' and string.format('%.0f', now + ARGV[5]) or '0'}
  redis.call('HSET', KEYS[2], 'id', epoch[1], 'until', epoch[2])
elseif ARGV[3] ~= '' and ARGV[3] ~= epoch[1] and epoch[2] == '0' then
  epoch[2] = string.format('%.0f', now + ARGV[5])
  redis.call('HSET', KEYS[2], 'until', epoch[2])
end
local row = redis.call('HMGET', KEYS[1], 'v', 'p', 'n')
if row[1] then return {row[1], now - row[2], row[3], epoch[1]} end
if now < tonumber(epoch[2]) then return {'lost', epoch[1]} end
local text = string.format('%.0f', now)
redis.call('HSET', KEYS[1], 'v', ARGV[1], 'p', text, 'n', text)
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return {text, '', '', epoch[1]}
