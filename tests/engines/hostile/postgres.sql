--- plain insert
insert into victim values (99, 'x')
--- plain update
update victim set b = 'gone'
--- plain delete
delete from victim
--- truncate
truncate victim
--- merge
merge into victim using (values (1)) s(a) on victim.a = s.a when matched then delete
--- delete in a CTE
with gone as (delete from public.victim returning a) select * from gone
--- insert in a nested CTE
select * from (with x as (insert into public.victim values (98, 'y') returning a) select a from x) s
--- update in a CTE of a union branch
select 1 union all (with x as (update public.victim set b = '' returning 1) select 1 from x)
--- two statements
select 1; delete from public.victim
--- commit and go on
commit; insert into public.victim values (97, 'z')
--- leave read-only
set transaction read write
--- leave read-only for the session
set default_transaction_read_only = off
--- begin read write
begin read write; delete from public.victim; commit
--- set_config
select set_config('default_transaction_read_only', 'off', false)
--- set_config by pg_settings
update pg_settings set setting = 'off' where name = 'default_transaction_read_only'
--- alter system
alter system set work_mem = '77MB'
--- reset role
set role pg_monitor
--- create table
create table made (a int)
--- create table as
create table made as select 1
--- select into
select * into made from public.victim
--- select into temp
select 1 as a into temp made
--- create view
create view made as select 1
--- create function
create function made() returns int language sql as 'select 1'
--- drop
drop table public.victim
--- alter table
alter table public.victim add column c int
--- index
create index made on public.victim (b)
--- for update
select * from public.victim for update
--- for key share in a subquery
select * from (select * from public.victim for key share skip locked) x
--- lock table
lock table public.victim in access exclusive mode
--- do block
do $$ begin delete from public.victim; end $$
--- call
call public.wipe()
--- user function
select public.wipe_f()
--- user function in FROM
select * from public.wipe_f() as w
--- user function in a WHERE
select 1 where public.wipe_f() is not null
--- user function in ORDER BY
select 1 order by public.wipe_f()
--- user function behind a view
select * from public.trap
--- user function behind an operator
select 1 operator(public.@@@) 2
--- user function behind an operator in ORDER BY
select 1 as a order by a using operator(public.@@@)
--- user function behind a domain
select 'x'::public.checked
--- user function behind a domain, by cast()
select cast('x' as public.checked)
--- user function behind a domain in a column list
select * from json_to_record('{"a": "x"}') as r(a public.checked)
--- user function behind a domain, validated
select pg_input_is_valid('x', 'public.checked')
--- user function that shadows a name of ours
select public.lower('x')
--- user function called like one of an extension
select * from public.pg_buffercache_pages()
--- read a file
select pg_read_file('/etc/passwd')
--- read a file, quoted
select "pg_read_file"('/etc/passwd')
--- read a file, by unicode escapes
select U&"pg\005Fread\005Ffile"('/etc/passwd')
--- read a file, by unicode escapes of another sign
select U&"pg!005Fread_file" uescape '!' ('/etc/passwd')
--- read a file, qualified
select pg_catalog.pg_read_file('/etc/passwd')
--- read a file in FROM
select * from pg_catalog . pg_read_file('/etc/passwd') as f
--- read a file by attribute notation
select ('/etc/passwd'::text).pg_read_file
--- read a file by attribute notation of a function alias
select f.pg_read_file from lower('/etc/passwd') f
--- read a file with a comment in between
select pg_read_file /* ( */ ('/etc/passwd')
--- read a binary file
select pg_read_binary_file('/etc/passwd')
--- list a folder
select * from pg_ls_dir('.')
--- stat a file
select * from pg_stat_file('PG_VERSION')
--- import a large object
select lo_import('/etc/passwd')
--- create a large object
select lo_from_bytea(0, 'x')
--- export a large object
select lo_export(1, '/tmp/dbmedic-hostile')
--- copy to a program
copy (select 1) to program 'touch /tmp/dbmedic-hostile'
--- copy to a file
copy public.victim to '/tmp/dbmedic-hostile'
--- copy from a program
copy public.victim from program 'echo 96,x'
--- copy to stdout
copy public.victim to stdout
--- foreign table of a program
select * from public.shell
--- foreign table of a program as a partition
select * from public.parted
--- end a session
select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'bystander'
--- cancel a statement
select pg_cancel_backend(pid) from pg_stat_activity where application_name = 'bystander'
--- reload
select pg_reload_conf()
--- switch WAL
select pg_switch_wal()
--- restore point
select pg_create_restore_point('x')
--- rotate the log
select pg_rotate_logfile()
--- reset statistics
select pg_stat_reset()
--- reset shared statistics
select pg_stat_reset_shared('bgwriter')
--- reset statement statistics
select pg_stat_statements_reset()
--- reset statement statistics, qualified
select public.pg_stat_statements_reset()
--- evict buffers
select pg_buffercache_evict(1)
--- advisory lock
select pg_advisory_lock(4711)
--- advisory lock, tried
select pg_try_advisory_lock_shared(1, 2)
--- advance a sequence
select nextval('public.ticket')
--- set a sequence
select setval('public.ticket', 4711)
--- take a transaction id
select pg_current_xact_id()
--- take a transaction id, the old way
select txid_current()
--- notify
select pg_notify('channel', 'x')
--- notify, as a statement
notify channel, 'x'
--- listen
listen channel
--- create a slot
select pg_create_physical_replication_slot('made')
--- create a logical slot
select * from pg_create_logical_replication_slot('made', 'test_decoding')
--- write into the WAL
select pg_logical_emit_message(false, 'x', 'y')
--- promote
select pg_promote()
--- sleep
select pg_sleep(30)
--- sleep for
select pg_sleep_for('30 seconds')
--- sleep by attribute notation
select (30::float8).pg_sleep
--- run text as SQL
select query_to_xml('select lo_from_bytea(0, ''x'')', true, false, '')
--- run text as SQL for statistics
select * from ts_stat('select setval(''public.ticket'', 5)::text::tsvector')
--- run text as SQL for rewriting
select ts_rewrite('a & b'::tsquery, 'select nextval(''public.ticket'')::text::tsquery, ''c''::tsquery')
--- read a table by its name
select table_to_xml('public.victim', true, false, '')
--- dump a schema
select schema_to_xml('public', true, false, '')
--- dblink
select * from dblink('dbname=postgres', 'delete from victim') as x(a int)
--- dblink, executing
select public.dblink_exec('dbname=postgres', 'create table made (a int)')
--- explain analyze
explain analyze select 1
--- explain analyze of a delete
explain analyze delete from public.victim
--- explain analyze in parentheses
explain (analyze, format json) delete from public.victim
--- explain analyze, switched on late
explain (format json, analyze true) with x as (delete from public.victim returning 1) select * from x
--- explain analyze of create table as
explain (analyze) create table made as select 1
--- explain execute
explain execute p
--- prepare
prepare p as delete from public.victim
--- execute
execute p
--- declare a cursor
declare c cursor with hold for delete from public.victim returning 1
--- vacuum
vacuum full public.victim
--- analyze
analyze public.victim
--- reindex
reindex table public.victim
--- cluster
cluster public.victim
--- checkpoint
checkpoint
--- load a library
load 'auto_explain'
--- create an extension
create extension if not exists pageinspect
--- a role
create role made superuser
--- a right
grant all on public.victim to public
--- comment on
comment on table public.victim is 'x'
--- discard
discard all
--- security label
security label on table public.victim is 'x'
--- refresh
refresh materialized view public.kept
--- import system collations
select pg_import_system_collations('public')
--- nothing at all

--- a comment only
-- select 1
--- psql
\! touch /tmp/dbmedic-hostile
--- parameter and a second statement
select $1; delete from public.victim
--- sampling by a user's method
select * from public.victim tablesample public.mine (10)
--- backslash that would end a string if strings were not standard
select '\'; delete from public.victim; --'
--- binary upgrade
select pg_catalog.binary_upgrade_set_next_pg_type_oid(1)
--- replication origin
select pg_replication_origin_create('made')
--- log memory contexts of another
select pg_log_backend_memory_contexts(pid) from pg_stat_activity
