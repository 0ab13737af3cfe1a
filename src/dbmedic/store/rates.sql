-- Questions a minute of single keys, kept as settings named rate:<key>.

-- name: key_rates --
select name, value from settings where name like 'rate:%'

-- name: key_rate_put --
insert into settings (name, value) values (:name, :value)
on conflict (name) do update set value = excluded.value

-- name: key_rate_drop --
delete from settings where name = :name

-- name: key_touch --
-- Changes nothing but the count of changes, so that whoever keeps limits in memory reads them again.
update keys set name = name where id = :id and account = :account returning id
