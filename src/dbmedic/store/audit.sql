-- The audit: links of a hash chain, one for each turn that ended.


-- name: audit_head --
select position, chain from audit order by position desc limit 1

-- name: audit_unsealed --
-- Turns that ended, in the order they did.
select id, account, closed_at
from turns
where closed_at is not null and sealed is null
order by closed_at, id
limit :limit

-- name: audit_put --
-- Links, each as [position, turn, account, rows, digest, chain].  Fails when another process added one at this place.
insert into audit (position, turn, account, rows, digest, chain, at)
select
    cast(l.value ->> 0 as bigint),
    l.value ->> 1,
    l.value ->> 2,
    cast(l.value ->> 3 as integer),
    l.value ->> 4,
    l.value ->> 5,
    :at
from
    /*sqlite json_each(:links) l */
    /*postgres jsonb_array_elements(cast(:links as jsonb)) l (value) */

-- name: audit_sealed --
-- The turns of these links.
update turns
set sealed = 1
where id in (
    select l.value ->> 1
    from
        /*sqlite json_each(:links) l */
        /*postgres jsonb_array_elements(cast(:links as jsonb)) l (value) */
)

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
