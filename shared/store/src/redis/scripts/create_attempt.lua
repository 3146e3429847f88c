-- Writes a new attempt, claimed by its creator; leaves an existing one alone.
-- KEYS: 1 attempt
-- ARGV: 1 epoch, 2 session key, 3 number, 4 summary, 5 whether it is over, 0 or 1 (0 when missing)
-- returns: {'created'} | {'exists', finished 0 or 1} | {'fenced', epoch of the newer leader}
if redis.call('HEXISTS', KEYS[1], 'session') == 1 then
  return {'exists', tostring(redis.call('HEXISTS', KEYS[1], 'finished'))}
end
local fence = redis.call('HGET', KEYS[1], 'fence')
if fence and tonumber(fence) > tonumber(ARGV[1]) then
  return {'fenced', fence}
end
redis.call('HSET', KEYS[1], 'fence', ARGV[1], 'session', ARGV[2], 'number', ARGV[3], 'summary', ARGV[4])
if ARGV[5] == '1' then
  redis.call('HSET', KEYS[1], 'finished', '1')
end
return {'created'}
