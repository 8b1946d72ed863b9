"""The step that all workers take together, run whole within the broker's server: `domain.gate.pass_through` in Lua.

KEYS: where workers are seen, then each gate. ARGV: this worker, for how many seconds one counts as there; then for each
gate its number of rates, and for each rate the interval, the burst, and how many seconds the asker knows its arrival to
lie ahead ("" where it does not); then for each message its units, the number of its gates and their places in KEYS.
It returns the workers there are, the wait of each message, and for each gate by how much its arrivals lie ahead.

What the asker knows counts where it is more: a server that was emptied learns from those who ask. Known arrivals are
believed up to a whole burst, so that nobody's wrong clock closes a gate.
"""

from __future__ import annotations

from typing import Final

SCRIPT: Final = """
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1e6
local at = 3
local function read() local value = ARGV[at]; at = at + 1; return value end

local seen = tonumber(ARGV[2])
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - seen)
redis.call('PEXPIRE', KEYS[1], seen * 1000)
local said = {tostring(redis.call('ZCARD', KEYS[1]))}

local rates, arrivals, taken = {}, {}, {}
for gate = 2, #KEYS do
  rates[gate], arrivals[gate] = {}, {}
  local kept = {}
  for value in string.gmatch(redis.call('GET', KEYS[gate]) or '', '%S+') do kept[#kept + 1] = tonumber(value) end
  local count = tonumber(read())
  for n = 1, count do
    local rate = {interval = tonumber(read()), burst = tonumber(read())}
    local ahead = tonumber(read())
    rates[gate][n] = rate
    arrivals[gate][n] = #kept == count and kept[n] or 0
    if ahead then
      arrivals[gate][n] = math.max(arrivals[gate][n], now + math.min(ahead, rate.burst * rate.interval))
    end
  end
end

local function after(from, gate, units, moment)
  local new = {}
  for n, rate in ipairs(rates[gate]) do new[n] = math.max(moment, from[n]) + units * rate.interval end
  return new
end

while at <= #ARGV do
  local units, count, turn = tonumber(read()), tonumber(read()), now
  local gates, turns = {}, {}
  for n = 1, count do
    local gate = tonumber(read())
    local from, opens = taken[gate] or arrivals[gate], now
    for m, rate in ipairs(rates[gate]) do
      opens = math.max(opens, from[m] + (math.min(units, rate.burst) - rate.burst) * rate.interval)
    end
    gates[n], turns[n], turn = gate, opens, math.max(turn, opens)
  end
  for n, gate in ipairs(gates) do
    if turn <= now then
      arrivals[gate] = after(arrivals[gate], gate, units, now)
    elseif turns[n] > now then
      taken[gate] = after(taken[gate] or arrivals[gate], gate, units, turn)
    end
  end
  said[#said + 1] = string.format('%.6f', turn - now)
end

for gate = 2, #KEYS do
  local longest, kept = 0, {}
  for n, arrival in ipairs(arrivals[gate]) do
    longest = math.max(longest, arrival - now)
    kept[n] = string.format('%.6f', arrival)
    said[#said + 1] = string.format('%.6f', arrival - now)
  end
  if longest > 0 then
    redis.call('SET', KEYS[gate], table.concat(kept, ' '), 'PX', math.ceil(longest * 1000) + 1000)
  end
end
return said
"""
