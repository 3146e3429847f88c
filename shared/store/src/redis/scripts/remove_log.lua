-- Removes all of a finished attempt but its hash. The hash stays as the proof that there was one.
-- KEYS: 1 attempt, 2 log, 3 outbox, 4 snapshot
-- ARGV: 1 epoch, 2 the place that has the log now
-- returns: {'ok', the summary is here 0 or 1} | {'unknown'} | {'fenced', epoch of the newer leader} | {'active'}
local state = redis.call('HMGET', KEYS[1], 'fence', 'session', 'finished')
if not state[2] then
  return {'unknown'}
end
if tonumber(state[1]) > tonumber(ARGV[1]) then
  return {'fenced', state[1]}
end
if not state[3] then
  return {'active'}
end
redis.call('HSETNX', KEYS[1], 'archived', ARGV[2])
redis.call('HDEL', KEYS[1], 'outbox_count')
-- A log may be large: its memory is given back beside the commands of others.
redis.call('UNLINK', KEYS[2], KEYS[3], KEYS[4])
return {'ok', tostring(redis.call('HEXISTS', KEYS[1], 'summary'))}
