"""What Redis does in one step for the bus: entering, renewing, leaving.  Times are Redis' own, in milliseconds.

A Redis that came back empty knows of no turn.  Until every replica has said again what it runs, it is *young* and lets
nobody in; otherwise an account could run twice what it may.
"""

from __future__ import annotations

from typing import Final

_NOW: Final = """
local time = redis.call('time')
local now = 1000 * time[1] + math.floor(time[2] / 1000)
"""

ENTER: Final = (
    _NOW
    + """
local lease, most = tonumber(ARGV[2]), tonumber(ARGV[3])
local ripe = redis.call('get', KEYS[2])
if not ripe then
    ripe = now + math.floor(lease / 2)
    redis.call('set', KEYS[2], ripe)
end
if now < tonumber(ripe) then return 'young' end
redis.call('zremrangebyscore', KEYS[1], '-inf', now)
if KEYS[3] then
    local holder = redis.call('get', KEYS[3])
    if holder and holder ~= ARGV[1] then return 'conversation' end
end
if redis.call('zcard', KEYS[1]) >= most and not redis.call('zscore', KEYS[1], ARGV[1]) then return 'account' end
redis.call('zadd', KEYS[1], now + lease, ARGV[1])
redis.call('pexpire', KEYS[1], 4 * lease)
if KEYS[3] then redis.call('set', KEYS[3], ARGV[1], 'px', lease) end
return 'in'
"""
)
"""KEYS: slots, ripe, conversation or none.  ARGV: ticket, lease, most."""

RENEW: Final = (
    _NOW
    + """
local lease = tonumber(ARGV[1])
redis.call('set', KEYS[2], now + math.floor(lease / 2), 'nx')
for n = 2, #ARGV do
    redis.call('zadd', KEYS[1], now + lease, ARGV[n])
    local talk = KEYS[n + 1]
    if talk ~= KEYS[1] then
        local holder = redis.call('get', talk)
        if not holder or holder == ARGV[n] then redis.call('set', talk, ARGV[n], 'px', lease) end
    end
end
redis.call('pexpire', KEYS[1], 4 * lease)
return 1
"""
)
"""Of one account.  KEYS: slots, ripe, and each ticket's conversation (slots again: none).  ARGV: lease, tickets."""

LEAVE: Final = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0"
"""KEYS: what is held.  ARGV: by whom."""

PACE: Final = """
local time = redis.call('time')
local now, left, taken = time[1] * 1000 + math.floor(time[2] / 1000), {}, 1
for i, key in ipairs(KEYS) do
    left[i] = math.max(0, tonumber(redis.call('get', key) or 0) - now)
    if left[i] > 60000 - 60000 / ARGV[i] then taken = 0 end
end
for i, key in ipairs(KEYS) do
    if taken == 1 then
        left[i] = left[i] + 60000 / ARGV[i]
        redis.call('set', key, string.format('%.3f', now + left[i]), 'px', math.ceil(left[i]))
    end
    left[i] = math.ceil(left[i])
end
return {taken, unpack(left)}
"""
"""Buckets that fill in a minute, each as the time when it is full: takes one of each, or of none."""
