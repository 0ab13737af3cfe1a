-- The audit: links of a hash chain, one for each turn that ended.


-- name: audit_head --
select position, chain from audit order by position desc limit 1

-- name: audit_unsealed --
-- Turns that ended, in the order they did.
select id, account from turns where closed_at is not null and sealed is null order by closed_at, id limit :limit

-- name: audit_put --
-- Fails when another process added a link at this place.
insert into audit (position, turn, account, rows, digest, chain, at)
values (:position, :turn, :account, :rows, :digest, :chain, :at)

-- name: audit_sealed --
update turns set sealed = 1 where id = :turn

-- name: audit_links --
select position, turn, account, rows, digest, chain, at
from audit
where position > :after
order by position
limit :limit

-- name: audit_counts --
select
    (select count(*) from audit) as links,
    (select count(*) from turns where sealed = 1) as sealed,
    (select count(*) from turns where closed_at is not null and sealed is null) as unsealed
