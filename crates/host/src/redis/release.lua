-- Ends a registration, unless another registration holds the instance.
-- KEYS: the instance, the index. ARGV: id, token. Answers 1, or 0 where there was nothing to end.
local held = redis.pcall('GET', KEYS[1])
if type(held) ~= 'string' then
  return 0
end
local read, value = pcall(cjson.decode, held)
if not read or type(value) ~= 'table' or value.lease ~= ARGV[2] then
  return 0
end
redis.call('DEL', KEYS[1])
redis.call('ZREM', KEYS[2], ARGV[1])
return 1
