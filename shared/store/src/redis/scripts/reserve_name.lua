-- Gives an attempt name of a session to an attempt id, unless the name is taken; numbers it.
-- KEYS: 1 session
-- ARGV: 1 attempt name, 2 attempt id
-- returns: {number, id} of the attempt that has the name; a repeat finds its own id
local field = 'name:' .. ARGV[1]
local taken = redis.call('HGET', KEYS[1], field)
if taken then
  local number, id = string.match(taken, '^(%d+):(%d+)$')
  return {number, id}
end
local number = redis.call('HINCRBY', KEYS[1], 'count', 1)
redis.call('HSET', KEYS[1], field, number .. ':' .. ARGV[2])
return {tostring(number), ARGV[2]}
