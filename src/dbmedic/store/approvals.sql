-- Changes that wait for a person.  A turn with status 'waiting' is driven by nobody; whoever sets it back to 'running'
-- drives it, and only one can.


-- name: pause_turn --
update turns set status = 'waiting' where id = :id and closed_at is null returning id

-- name: resume_turn --
-- No row comes back when the turn does not wait, or somebody else was faster.
update turns set status = 'running' where id = :id and status = 'waiting' returning id

-- name: resumption_put --
insert into resumptions (run, turn) values (:run, :turn)

-- name: waiting_turns --
-- Turns that wait, with what is left to decide of the round they wait for.
select
    t.id,
    t.api,
    t.account,
    sum(case when a.status = 'pending' then 1 else 0 end) as pending,
    min(a.until) as until
from turns t /*sqlite indexed by turns_waiting */
join approvals a on a.turn = t.id and a.round_open = 1
where t.status = 'waiting'
group by t.id, t.api, t.account

-- name: waiting_turns_of :instant --
select id from turns where conversation = :conversation and status = 'waiting'

-- name: turn_end_of_log :instant --
select max(seq) as seq from events where turn = :turn


-- name: approval_put --
insert into approvals (id, turn, call, account, instance, status, round_open, until, grants, body, created_at)
values (:id, :turn, :call, :account, :instance, 'pending', 1, :until, :grants, :body, :now)

-- name: approval_get :instant --
select a.id, a.turn, a.call, a.account, a.instance, a.status, a.round_open, a.until, a.grants, a.body, a.created_at,
    a.decided_at, t.status as turn_status, t.conversation, t.owner, t.api
from approvals a
join turns t on t.id = a.turn
where a.id = :id

-- name: approvals_of_account --
-- Newest first; those of one status, or all.
select a.id, a.turn, a.call, a.account, a.instance, a.status, a.round_open, a.until, a.grants, a.body, a.created_at,
    a.decided_at, t.status as turn_status, t.conversation, t.owner, t.api
from approvals a
join turns t on t.id = a.turn
where a.account = :account and (cast(:status as text) is null or a.status = :status)
order by a.created_at desc, a.id desc
limit :limit

-- name: approvals_of_turn --
select id, call, status, round_open, until from approvals where turn = :turn

-- name: turn_still_waits --
-- Changes nothing: holds the turn while a decision is kept.
update turns set status = 'waiting' where id = :id and status = 'waiting' returning id

-- name: decision_put --
-- No row comes back when the turn does not wait for this one any more.
insert into events (turn, seq, at, kind, body)
select t.id, cast(:seq as integer), cast(:at as bigint), cast(:kind as text), cast(:body as text)
from turns t
join approvals a on a.turn = t.id and a.id = :id
where t.id = :turn and t.status = 'waiting' and a.status = 'pending'
returning seq

-- name: approval_decided --
update approvals
set status = :status, grants = :grants, decided_at = :now
where id = :id and status = 'pending' and exists (select 1 from turns t where t.id = turn and t.status = 'waiting')
returning id

-- name: approvals_end --
-- The round is over: whatever nobody decided ends with this status.
update approvals
set round_open = 0,
    decided_at = coalesce(decided_at, :now),
    status = case when status = 'pending' then :status else status end
where turn = :turn and round_open = 1


-- name: rule_put --
insert into approval_rules (account, name, effect, kinds, instances, created_by, created_at)
values (:account, :name, :effect, :kinds, :instances, :created_by, :now)
on conflict (account, name) do update
set effect = excluded.effect,
    kinds = excluded.kinds,
    instances = excluded.instances,
    created_by = excluded.created_by,
    created_at = excluded.created_at

-- name: rule_delete --
delete from approval_rules where account = :account and name = :name returning name

-- name: rules_of_account --
select name, effect, kinds, instances, created_by, created_at
from approval_rules
where account = :account
order by name
