--- one
select 1 as one
--- a trailing semicolon and a comment
/* dbmedic */ select 1; -- done
--- values
values (1), (2)
--- table
table pg_class
--- show
show work_mem
--- show all
show all
--- explain
explain (format json) select * from public.victim where a = 1
--- explain verbose
explain verbose select 1
--- activity
select pid, state, wait_event_type, clock_timestamp() - xact_start as age from pg_stat_activity where pid <> pg_backend_pid()
--- blocking tree
with recursive edge as (select a.pid, b.blocker from pg_stat_activity a
    cross join lateral unnest(pg_blocking_pids(a.pid)) as b(blocker) where a.wait_event_type = 'Lock'),
tree as (select distinct e.blocker as root, e.blocker as pid, 0 as depth, array[e.blocker] as path from edge e
    where not exists (select 1 from edge x where x.pid = e.blocker)
  union all select t.root, e.pid, t.depth + 1, t.path || e.pid from tree t join edge e on e.blocker = t.pid
    where e.pid <> all (t.path) and t.depth < 20)
select t.root, t.depth, t.pid, s.state, s.usename, s.application_name, s.wait_event, left(s.query, 200) as query
from tree t left join pg_stat_activity s on s.pid = t.pid order by t.path limit 200
--- who holds back vacuum
select * from (select 'session' as holder, pid::text as name, state as detail,
      greatest(age(backend_xmin), age(backend_xid)) as xid_age, xact_start as since
    from pg_stat_activity where coalesce(backend_xmin, backend_xid) is not null and pid <> pg_backend_pid()
  union all select 'slot', slot_name, wal_status, greatest(age(xmin), age(catalog_xmin)), null from pg_replication_slots
    where coalesce(xmin, catalog_xmin) is not null
  union all select 'prepared', gid, database, age(transaction), prepared from pg_prepared_xacts
  union all select 'standby', application_name, state, age(backend_xmin), null from pg_stat_replication
    where backend_xmin is not null) h order by xid_age desc nulls last limit 20
--- foreign keys without an index
select c.conrelid::regclass as child, c.conname, c.confrelid::regclass as parent, ch.reltuples::bigint as child_rows
from pg_constraint c join pg_class ch on ch.oid = c.conrelid
where c.contype = 'f' and c.conparentid = 0 and not exists (select 1 from pg_index i where i.indrelid = c.conrelid
    and i.indisvalid and i.indpred is null
    and (select array_agg(k order by k) from unnest((i.indkey::int2[])[0:cardinality(c.conkey) - 1]) k)
      = (select array_agg(k order by k) from unnest(c.conkey) k))
order by ch.relpages desc limit 50
--- overdue autovacuum
with o as (select c.oid, c.reltuples, s.n_dead_tup, s.last_autovacuum,
      (select jsonb_object_agg(option_name, option_value) from pg_options_to_table(c.reloptions)) as ro
    from pg_class c join pg_stat_all_tables s on s.relid = c.oid where c.relkind in ('r', 'm', 't')),
t as (select o.*, least(coalesce((ro->>'autovacuum_vacuum_threshold')::float8,
        current_setting('autovacuum_vacuum_threshold')::float8)
      + coalesce((ro->>'autovacuum_vacuum_scale_factor')::float8,
        current_setting('autovacuum_vacuum_scale_factor')::float8) * greatest(reltuples, 0), 'Infinity') as thr from o)
select oid::regclass as tbl, coalesce((ro->>'autovacuum_enabled')::bool, true) as av_on, n_dead_tup, thr::bigint
from t where n_dead_tup > thr order by n_dead_tup / greatest(thr, 1) desc limit 50
--- table bloat
with t as (select c.oid, c.reltuples, c.relpages, c.relnatts, current_setting('block_size')::int as bs,
      coalesce((select option_value::int from pg_options_to_table(c.reloptions) where option_name = 'fillfactor'), 100) as ff
    from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.relkind in ('r', 'm') and c.reltuples > 0
    order by c.relpages desc limit 500),
w as (select t.*, sum((1 - s.null_frac) * s.avg_width) as dw, count(s.attname) as nc, bool_or(s.null_frac > 0) as hn
    from t join pg_class c on c.oid = t.oid join pg_namespace n on n.oid = c.relnamespace
    left join pg_stats s on s.schemaname = n.nspname and s.tablename = c.relname and not s.inherited group by 1, 2, 3, 4, 5, 6),
e as (select w.*, ceil(reltuples / floor((bs - 24) * ff / 100.0 / (4 + ceil((23 + case when hn then (7 + relnatts) / 8
      else 0 end) / 8.0) * 8 + ceil(dw / 8.0) * 8))) as need from w)
select oid::regclass as tbl, nc >= relnatts as usable, relpages::bigint * bs as bytes,
  greatest(relpages - need, 0)::bigint * bs as bloat_bytes from e order by 4 desc nulls last limit 50
--- redundant indexes
with ix as (select i.indexrelid, i.indrelid, i.indisunique, i.indnkeyatts as n, i.indnatts as m, x.relam, x.relpages,
      i.indkey::int2[] as k, i.indclass::oid[] as cls, i.indcollation::oid[] as coll, i.indoption::int2[] as opt,
      coalesce(pg_get_expr(i.indpred, i.indrelid), '') as pred, coalesce(pg_get_expr(i.indexprs, i.indrelid), '') as expr
    from pg_index i join pg_class x on x.oid = i.indexrelid where i.indisvalid)
select a.indrelid::regclass as tbl, a.indexrelid::regclass as candidate, b.indexrelid::regclass as covered_by, a.relpages
from ix a join ix b on a.indrelid = b.indrelid and a.indexrelid <> b.indexrelid and a.relam = b.relam and a.pred = b.pred
where a.k[0:a.m-1] = b.k[0:a.m-1] and a.cls[0:a.n-1] = b.cls[0:a.n-1] and a.n < b.n order by a.relpages desc limit 50
--- sequences
select q.seqrelid::regclass as seq, pg_sequence_last_value(q.seqrelid) as last, case a.atttypid when 'int4'::regtype
    then 2147483647 else q.seqmax end as cap
from pg_sequence q left join pg_depend d on d.classid = 'pg_class'::regclass and d.objid = q.seqrelid and d.deptype in ('a', 'i')
left join pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
where not q.seqcycle and has_sequence_privilege(q.seqrelid, 'SELECT, USAGE')
--- sizes
select datname, pg_database_size(oid) as size, pg_size_pretty(pg_database_size(oid)) from pg_database order by 2 desc
--- relation sizes
select oid::regclass, pg_relation_size(oid), pg_total_relation_size(oid), pg_indexes_size(oid) from pg_class limit 5
--- WAL folder
select count(*) as files, sum(size)::bigint as size from pg_ls_waldir()
--- temporary files
select sum(size) from pg_ls_tmpdir()
--- settings
select name, setting, unit, source, pending_restart from pg_settings where name like 'auto%' or name ~ '^max'
--- hba rules
select * from pg_hba_file_rules
--- file settings
select name, error from pg_file_settings where error is not null
--- control data
select timeline_id, redo_lsn from pg_control_checkpoint()
--- WAL position
select case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_lsn() end as lsn
--- WAL distance
select pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0') as bytes
--- snapshot without an id
select pg_snapshot_xmax(pg_current_snapshot())
--- statement statistics
select queryid, calls, total_exec_time, rows from pg_stat_statements order by total_exec_time desc limit 10
--- statement statistics without texts
select queryid, calls from pg_stat_statements(false) where queryid is not null
--- statement statistics, qualified
select count(*) from public.pg_stat_statements(false) s join public.pg_stat_statements v using (queryid)
--- statement statistics, twice and aliased
select a.calls from pg_stat_statements a left join pg_stat_statements(false) b on a.queryid = b.queryid limit 1
--- locks
select locktype, mode, granted, relation::regclass, count(*) from pg_locks group by 1, 2, 3, 4
--- progress
select * from pg_stat_progress_vacuum
--- replication
select application_name, state, sync_state, pg_wal_lsn_diff(sent_lsn, replay_lsn) from pg_stat_replication
--- wraparound
select datname, age(datfrozenxid), mxid_age(datminmxid) from pg_database
--- statistics of tables
select schemaname, relname, n_live_tup, n_dead_tup, seq_scan, idx_scan from pg_stat_user_tables
--- statistics of I/O
select sum(heap_blks_read) as read, sum(heap_blks_hit) as hit from pg_statio_user_tables
--- privileges
select rolname, rolsuper from pg_roles where pg_has_role(current_user, oid, 'MEMBER')
--- extensions
select e.extname, e.extversion, a.default_version from pg_extension e join pg_available_extensions a on a.name = e.extname
--- information schema
select table_schema, table_name from information_schema.tables where table_type = 'BASE TABLE' limit 5
--- columns
select attname, format_type(atttypid, atttypmod), attnotnull, pg_get_expr(adbin, adrelid)
from pg_attribute left join pg_attrdef on adrelid = attrelid and adnum = attnum where attrelid = 'public.victim'::regclass
--- definitions
select pg_get_indexdef(indexrelid), pg_get_constraintdef(c.oid) from pg_index left join pg_constraint c on conindid = indexrelid
--- user table
select a, b from public.victim order by a limit 5
--- materialized view
select * from public.kept
--- window and filter
select relkind, count(*) filter (where relpages > 1) over (partition by relkind) from pg_class limit 3
--- json
select jsonb_build_object('a', 1) -> 'a', to_jsonb(now()), json_agg(relname) from (select relname from pg_class limit 2) x
--- strings that look like writes
select 'delete from victim; commit' as text, $$drop table victim$$ as other, 'it''s' as third
--- a column called like a verb
select 1 as "delete", 2 as "update", 3 as insert_count
--- extract, cast, position
select extract(epoch from now() - pg_postmaster_start_time()), cast('5' as int), position('b' in 'abc'), trim(both 'x' from 'xax')
--- interval arithmetic
select now() - interval '1 hour', make_interval(secs => 5), date_trunc('hour', now()), now() at time zone 'UTC'
--- regular expressions
select regexp_replace('a1', '[0-9]', ''), 'abc' ~ 'b', 'abc' like 'a%', 'abc' similar to 'a(b|c)*'
--- arrays
select array_agg(x order by x), unnest(array[1, 2]), array_length(array[1, 2], 1) from generate_series(1, 3) x group by 2
--- sampling
select count(*) from public.victim tablesample system (100)
--- percentile
select percentile_cont(0.5) within group (order by x) from generate_series(1, 5) x
--- lateral
select n.nspname, c.count from pg_namespace n cross join lateral (select count(*) from pg_class where relnamespace = n.oid) c
--- grouping sets
select relkind, relpersistence, count(*) from pg_class group by grouping sets ((relkind), (relpersistence))
