-- Removes the summary of an archived attempt.
-- KEYS: 1 attempt
-- ARGV: 1 epoch
-- returns: {'ok'} | {'unknown'} | {'fenced', epoch of the newer leader} | {'not archived'}
local state = redis.call('HMGET', KEYS[1], 'fence', 'session', 'archived')
if not state[2] then
  return {'unknown'}
end
if tonumber(state[1]) > tonumber(ARGV[1]) then
  return {'fenced', state[1]}
end
if not state[3] then
  return {'not archived'}
end
redis.call('HDEL', KEYS[1], 'summary')
return {'ok'}
