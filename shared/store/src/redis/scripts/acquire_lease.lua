-- Takes the lease unless somebody else holds it.
-- KEYS: 1 lease, 2 epoch
-- ARGV: 1 holder, 2 time to live in ms
-- returns: {'acquired', epoch} | {'held', holder, ms left}
local held = redis.call('GET', KEYS[1])
if held then
  local holder = string.match(held, '^%d+:(.*)$')
  if holder ~= ARGV[1] then
    return {'held', holder, tostring(redis.call('PTTL', KEYS[1]))}
  end
end
-- At least the server's time in ms: a counter alone could repeat an epoch after a failover to a replica
-- that had not yet seen the last increment.
local time = redis.call('TIME')
local floor = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local epoch = redis.call('INCR', KEYS[2])
if epoch < floor then
  epoch = floor
  redis.call('SET', KEYS[2], string.format('%.0f', epoch))
end
local text = string.format('%.0f', epoch)
redis.call('SET', KEYS[1], text .. ':' .. ARGV[1], 'PX', ARGV[2])
return {'acquired', text}
