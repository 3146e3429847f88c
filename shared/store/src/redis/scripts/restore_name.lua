-- Gives an attempt name of a session back to its attempt, and makes sure that numbers given from now on are higher.
-- KEYS: 1 session
-- ARGV: 1 attempt name, 2 attempt id, 3 number
-- returns: 1 given back | 0 it was taken already
local count = redis.call('HGET', KEYS[1], 'count')
if not count or tonumber(count) < tonumber(ARGV[3]) then
  redis.call('HSET', KEYS[1], 'count', ARGV[3])
end
return redis.call('HSETNX', KEYS[1], 'name:' .. ARGV[1], ARGV[3] .. ':' .. ARGV[2])
