-- Writes one step of an attempt. Checks everything first and writes last: Redis does not undo a script.
-- KEYS: 1 attempt, 2 log, 3 outbox, 4 snapshot
-- ARGV: epoch, expected length, finished 0 or 1, summary changed 0 or 1, summary,
--       snapshot (empty: none), number of records, the records,
--       number of outbox entries, `id, head, body` of each (head: `<length of queue>:<queue>`),
--       the ids of published entries
-- returns: {'ok', length, the attempt is finished 0 or 1} |
--          {'unknown'} | {'fenced', epoch of the newer leader} | {'archived', place} | {'conflict', length found}
local epoch, expected = tonumber(ARGV[1]), tonumber(ARGV[2])
local first, records = 8, tonumber(ARGV[7])

local state = redis.call('HMGET', KEYS[1], 'fence', 'session', 'archived')
if not state[2] then
  return {'unknown'}
end
if tonumber(state[1]) > epoch then
  return {'fenced', state[1]}
end
-- The empty list is not the log.
if state[3] then
  return {'archived', state[3]}
end

local length = redis.call('LLEN', KEYS[2])
if length ~= expected then
  -- Is it this very commit, whose reply was lost?
  if records == 0 or length < expected + records then
    return {'conflict', tostring(length)}
  end
  local found = redis.call('LRANGE', KEYS[2], expected, expected + records - 1)
  for i = 1, records do
    if found[i] ~= ARGV[first + i - 1] then
      return {'conflict', tostring(length)}
    end
  end
  return {'ok', tostring(expected + records), tostring(redis.call('HEXISTS', KEYS[1], 'finished'))}
end

if tonumber(state[1]) < epoch then
  redis.call('HSET', KEYS[1], 'fence', ARGV[1])
end
for i = first, first + records - 1 do
  redis.call('RPUSH', KEYS[2], ARGV[i])
end
local next = first + records
local entries = tonumber(ARGV[next])
next = next + 1
for _ = 1, entries do
  local order = redis.call('HINCRBY', KEYS[1], 'outbox_count', 1)
  redis.call('HSET', KEYS[3], ARGV[next], order .. ':' .. ARGV[next + 1] .. ARGV[next + 2])
  next = next + 3
end
for i = next, #ARGV do
  redis.call('HDEL', KEYS[3], ARGV[i])
end
if ARGV[4] == '1' then
  redis.call('HSET', KEYS[1], 'summary', ARGV[5])
end
if ARGV[6] ~= '' then
  redis.call('SET', KEYS[4], string.format('%.0f:', expected + records) .. ARGV[6])
end
if ARGV[3] == '1' then
  redis.call('DEL', KEYS[4])
  redis.call('HSET', KEYS[1], 'finished', '1')
end
return {'ok', tostring(expected + records), tostring(redis.call('HEXISTS', KEYS[1], 'finished'))}
