-- Writes a registration for the time of its lease, unless another registration holds the instance.
-- KEYS: the instance, the index. ARGV: id, registration, lease in milliseconds, token, "1" to take
-- the instance over. Answers 1, or 0 where another holds it.
if ARGV[5] == '0' then
  local held = redis.pcall('GET', KEYS[1])
  if type(held) == 'string' then
    local read, value = pcall(cjson.decode, held)
    if read and type(value) == 'table' and value.lease and value.lease ~= ARGV[4] then
      return 0
    end
  end
end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZADD', KEYS[2], string.format('%.0f', now + ARGV[3]), ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', string.format('(%.0f', now))
if redis.call('PTTL', KEYS[2]) < tonumber(ARGV[3]) then
  redis.call('PEXPIRE', KEYS[2], ARGV[3])
end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1
