-- Ends the lease if it is still this holder's.
-- KEYS: 1 lease
-- ARGV: 1 `<epoch>:<holder>`
-- returns: 1 ended | 0 lost before
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return 0
end
redis.call('DEL', KEYS[1])
return 1
