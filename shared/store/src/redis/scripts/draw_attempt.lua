-- Draws the id of a new attempt and lists it as active, unless a newer leader has begun. In one step: a leader that begins
-- afterwards finds the id in the list, claims it, and so shuts its creator out.
-- KEYS: 1 epoch, 2 last attempt, 3 active attempts
-- ARGV: 1 epoch
-- returns: {'drawn', id} | {'fenced', epoch of the newer leader}
local newest = redis.call('GET', KEYS[1])
if newest and tonumber(newest) > tonumber(ARGV[1]) then
  return {'fenced', newest}
end
local id = redis.call('INCR', KEYS[2])
redis.call('ZADD', KEYS[3], id, id)
return {'drawn', tostring(id)}
