-- Takes out of the index what has no registration any more.
-- KEYS: the index, then one key for each of ARGV, the ids. Answers how many were taken out.
local removed = 0
for i, id in ipairs(ARGV) do
  if redis.call('TYPE', KEYS[i + 1]).ok ~= 'string' then
    removed = removed + redis.call('ZREM', KEYS[1], id)
  end
end
return removed
