-- Draws the id of a new attempt and lists it as active, unless another leader has begun. In one step: a leader that begins
-- afterwards finds the id in the list, claims it, and so shuts its creator out.
-- Exactly the asker must be the last to have begun: a store that was emptied knows no epoch, and would give ids out again.
-- KEYS: 1 epoch, 2 last attempt, 3 active attempts
-- ARGV: 1 epoch
-- returns: {'drawn', id} | {'fenced', epoch of the last leader, 0 when none is known}
local newest = redis.call('GET', KEYS[1]) or '0'
if newest ~= ARGV[1] then
  return {'fenced', newest}
end
local id = redis.call('INCR', KEYS[2])
redis.call('ZADD', KEYS[3], id, id)
return {'drawn', tostring(id)}
