-- What the sampler keeps of watched databases; see migration 0008.

-- name: accounts_all --
select id from accounts order by id

-- name: sampled_put_new --
insert into sampled (account, instance, since, owner, until)
values (:account, :instance, :now, '', 0)
on conflict (account, instance) do nothing

-- name: sampled_get :instant --
select id, since from sampled where account = :account and instance = :instance

-- name: sampled_claim --
-- One process samples an instance; another may when it has not said for a while that it still does.
update sampled set owner = :owner, until = :until
where id = :watched and (owner = :owner or until < :now)
returning id

-- name: sampled_clean --
-- Forgets what was kept of instances that are registered no more.
delete from sampled
where not exists (select 1 from instances i where i.account = sampled.account and i.id = sampled.instance)

-- name: sample_put --
insert into samples (watched, series, step, at, body)
values (:watched, :series, :step, :at, :body)
on conflict (watched, series, step, at) do update set body = excluded.body

-- name: samples_between --
select at, body from samples
where watched = :watched and series = :series and step = :step and at > :start and at <= :finish
order by at

-- name: samples_first --
select min(at) as at from samples where watched = :watched and series = :series and step = :step

-- name: samples_forget --
delete from samples where watched = :watched and series = :series and step = :step and at < :before

-- name: samples_weight --
select series, step, count(*) as number, sum(length(body)) as size, min(at) as oldest, max(at) as newest
from samples
where watched = :watched
group by series, step

-- name: sample_names --
select id, name, seen_at from sample_names where watched = :watched order by seen_at, id

-- name: sample_name_put --
insert into sample_names (watched, id, name, seen_at) values (:watched, :id, :name, :now)
on conflict (watched, id) do update set seen_at = excluded.seen_at

-- name: sample_names_forget --
delete from sample_names where watched = :watched and seen_at < :before

-- name: state_put --
insert into sample_states (watched, kind, at, body)
values (:watched, :kind, :at, :body)
on conflict (watched, kind, at) do update set body = excluded.body

-- name: states_between --
-- The one in force at the start, then all changes.
select at, body from sample_states
where watched = :watched and kind = :kind and at <= :finish
    and at >= coalesce(
        (select max(b.at) from sample_states b where b.watched = :watched and b.kind = :kind and b.at <= :start), 0
    )
order by at

-- name: states_forget --
-- Keeps the one that was in force then.
delete from sample_states
where watched = :watched and kind = :kind
    and at < (
        select max(b.at) from sample_states b where b.watched = :watched and b.kind = :kind and b.at <= :before
    )
