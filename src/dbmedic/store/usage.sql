-- What language models cost.  `day` is the first moment of a day in UTC, in microseconds; `cost` is in millionths.

-- name: usage_add --
insert into usage (account, day, currency, turns, calls, prompt_tokens, completion_tokens, cost)
values (:account, :day, :currency, 1, :calls, :prompt_tokens, :completion_tokens, :cost)
on conflict (account, day, currency) do update set
    turns = usage.turns + 1,
    calls = usage.calls + excluded.calls,
    prompt_tokens = usage.prompt_tokens + excluded.prompt_tokens,
    completion_tokens = usage.completion_tokens + excluded.completion_tokens,
    cost = usage.cost + excluded.cost

-- name: usage_of_day :instant --
select currency, prompt_tokens, completion_tokens, cost from usage where account = :account and day = :day

-- name: usage_since --
select account, day, currency, turns, calls, prompt_tokens, completion_tokens, cost
from usage
where day >= :day
order by day desc, account, currency

-- name: account_limit --
update accounts set max_turns = :max_turns where id = :id and max_turns <> :max_turns
