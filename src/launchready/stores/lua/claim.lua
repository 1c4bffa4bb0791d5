-- PutIfAbsent of what must not be lost. KEYS[1] entry, KEYS[2] the sentinel; ARGV value, ttl in milliseconds, the epoch
-- that this process knows or '', a new one, and for how many microseconds to refuse after a loss.
-- Answers as put_if_absent.lua; or {'lost', epoch} where the sentinel shows that this server has lost its data since.
--
-- The sentinel is a hash that never ends: id, and until, up to when claims are refused. It goes with everything else
-- in a FLUSHALL or a restart without persistence. Whoever knew an epoch and finds none, or another, has seen the loss:
-- then nobody's claim is granted for a while, so that those whose claims were lost can write them again (Renew does).
-- A process that knows no epoch cannot tell a loss from a new server, and makes one without refusing anybody.
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
