-- Raises the fence of an attempt, so that no lower epoch can write it any more. Also fences an attempt that is
-- not there yet: a deposed creator that is still on its way must not succeed.
-- KEYS: 1 attempt
-- ARGV: 1 epoch
-- returns: {'claimed'} | {'unknown'} | {'fenced', epoch of the newer leader}
local fence = redis.call('HGET', KEYS[1], 'fence')
local exists = redis.call('HEXISTS', KEYS[1], 'session') == 1
local is_newer = fence and tonumber(fence) > tonumber(ARGV[1])
if not is_newer then
  redis.call('HSET', KEYS[1], 'fence', ARGV[1])
end
if not exists then
  return {'unknown'}
end
if is_newer then
  return {'fenced', fence}
end
return {'claimed'}
