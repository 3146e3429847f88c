-- Makes sure that ids given from now on are higher than this one, and lists it as active, unless a newer leader has begun.
-- KEYS: 1 epoch, 2 last attempt, 3 active attempts
-- ARGV: 1 epoch, 2 id
-- returns: {'ok'} | {'fenced', epoch of the newer leader}
local newest = redis.call('GET', KEYS[1])
if newest and tonumber(newest) > tonumber(ARGV[1]) then
  return {'fenced', newest}
end
local last = redis.call('GET', KEYS[2])
if not last or tonumber(last) < tonumber(ARGV[2]) then
  redis.call('SET', KEYS[2], ARGV[2])
end
redis.call('ZADD', KEYS[3], ARGV[2], ARGV[2])
return {'ok'}
