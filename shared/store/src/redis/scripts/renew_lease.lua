-- Prolongs the lease if it is still this holder's.
-- KEYS: 1 lease
-- ARGV: 1 `<epoch>:<holder>`, 2 time to live in ms
-- returns: 1 prolonged | 0 lost
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return 0
end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1
