-- Removes published entries from an outbox.
-- KEYS: 1 attempt, 2 outbox
-- ARGV: 1 epoch, then the ids
-- returns: {'ok'} | {'unknown'} | {'fenced', epoch of the newer leader}
local state = redis.call('HMGET', KEYS[1], 'fence', 'session')
if not state[2] then
  return {'unknown'}
end
if tonumber(state[1]) > tonumber(ARGV[1]) then
  return {'fenced', state[1]}
end
for i = 2, #ARGV do
  redis.call('HDEL', KEYS[2], ARGV[i])
end
return {'ok'}
