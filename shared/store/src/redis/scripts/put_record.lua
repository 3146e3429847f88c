-- Writes or forgets a record, unless a newer leader has begun.
-- KEYS: 1 records of a kind, 2 epoch
-- ARGV: 1 epoch, 2 key, 3 record; without it the key is forgotten
-- returns: {'ok'} | {'fenced', epoch of the newer leader}
local newest = redis.call('GET', KEYS[2])
if newest and tonumber(newest) > tonumber(ARGV[1]) then
  return {'fenced', newest}
end
if ARGV[3] then
  redis.call('HSET', KEYS[1], ARGV[2], ARGV[3])
else
  redis.call('HDEL', KEYS[1], ARGV[2])
end
return {'ok'}
