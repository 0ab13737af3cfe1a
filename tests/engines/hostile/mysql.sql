--- plain insert
insert into victim values (99, 'x')
--- plain update
update victim set b = 'gone'
--- plain delete
delete from victim
--- replace
replace into victim values (1, 'x')
--- truncate
truncate table victim
--- insert from select
insert into victim select 98, 'y'
--- delete after a CTE
with x as (select 1 as a) delete from victim where a in (select a from x)
--- update after a CTE
with x as (select 1 as a) update victim join x using (a) set b = ''
--- insert returning
insert into victim values (97, 'z') returning a
--- two statements
select 1; delete from victim
--- two statements without a space
select 1;delete from victim;
--- commit and go on
commit; insert into victim values (96, 'z')
--- commit alone
commit
--- leave read-only
set session transaction read write
--- leave read-only by variable
set tx_read_only = 0
--- start a writing transaction
start transaction read write
--- global variable
set global max_connections = 77
--- global variable, other spelling
set @@global.slow_query_log = 1
--- for one statement
set statement max_statement_time = 0 for select sleep(30)
--- into a file
select * from victim into outfile '/tmp/dbmedic-hostile'
--- into a file, in the middle
select a into outfile '/tmp/dbmedic-hostile' from victim
--- into a dump file
select 'x' into dumpfile '/tmp/dbmedic-hostile'
--- into a variable
select 1 into @x
--- into a file in a union
select 1 union select 2 into outfile '/tmp/dbmedic-hostile'
--- executable comment
select 1 /*!50000 into outfile '/tmp/dbmedic-hostile' */
--- executable comment of MariaDB
select 1 /*M!100100 into outfile '/tmp/dbmedic-hostile' */
--- executable comment around a statement
/*! delete from victim */
--- executable comment that hides a semicolon
select 1 /*!; delete from victim */
--- executable comment with a call
select /*!99999 1, */ /*! sleep(30) */
--- hint that lifts a limit
select /*+ set_var(max_execution_time=0) */ sleep(30)
--- hint that lifts the limit of time
select /*+ MAX_EXECUTION_TIME(0) */ 1
--- load a file
select load_file('/etc/passwd')
--- load a file, quoted
select `load_file`('/etc/passwd')
--- load a file, spaced and commented
select load_file /* x */ ('/etc/passwd')
--- load data
load data infile '/etc/passwd' into table victim
--- load data local
load data local infile '/etc/passwd' into table victim
--- for update
select * from victim for update
--- for update in a derived table
select * from (select * from victim for update) x
--- for share
select * from victim lock in share mode
--- for share, MySQL 8
select * from victim for share
--- lock tables
lock tables victim write
--- named lock
select get_lock('x', 0)
--- release all locks
select release_all_locks()
--- sleep
select sleep(30)
--- sleep, quoted
select `sleep`(30)
--- sleep in a condition
select 1 from victim where sleep(30)
--- sleep in SHOW
show global status where sleep(30)
--- benchmark
select benchmark(1000000000, sha2('x', 512))
--- do
do sleep(30)
--- wait for a replica
select master_pos_wait('x', 4, 30)
--- user variable assigned
select @x := 5
--- user variable assigned in a condition
select 1 where (@x := 5) > 1
--- sequence
select next value for ticket
--- sequence by function
select nextval(ticket)
--- sequence set
select setval(ticket, 4711)
--- last insert id set
select last_insert_id(5)
--- user function
select wipe_f()
--- user function, qualified
select hostile.wipe_f()
--- user function, quoted
select `wipe_f`()
--- user function in a subquery
select * from (select wipe_f() as a) x
--- user function behind a view
select * from trap
--- user function behind a view, joined
select v.a from victim v join trap t on t.a = v.a
--- user function behind a view, in words that few parsers know
select sql_no_cache straight_join t.* from trap as t use index for order by () limit rows examined 10
--- user function behind a view, explained
explain extended select * from trap
--- user function behind a view, in a subquery of another schema
select 1 from information_schema.TABLES where exists (select 1 from trap)
--- user function in EXPLAIN
explain select * from victim where a = wipe_f()
--- procedure
call wipe()
--- procedure analyse
select * from victim procedure analyse()
--- handler
handler victim open
--- explain analyze
explain analyze select * from trap
--- analyze, MariaDB's
analyze format=json select * from trap
--- analyze of a delete
analyze delete from victim
--- explain of a delete
explain delete from victim
--- kill
kill 1
--- kill a query
kill query 1
--- flush
flush tables with read lock
--- flush the logs
flush logs
--- reset
reset query cache
--- purge
purge binary logs before now()
--- create table
create table made (a int)
--- create temporary table
create temporary table made (a int)
--- create table as select
create table made as select 1 as a
--- drop
drop table victim
--- alter
alter table victim add column c int
--- index
create index made on victim (b)
--- rename
rename table victim to gone
--- create user
create user made identified by 'x'
--- grant
grant all on *.* to made
--- plugin
install plugin made soname 'made.so'
--- function of a library
create function sys_exec returns int soname 'lib_mysqludf_sys.so'
--- analyze table
analyze table victim
--- optimize
optimize table victim
--- check
check table victim
--- checksum
checksum table victim
--- cache index
cache index victim in hot
--- prepare
prepare p from 'delete from victim'
--- execute immediate
execute immediate 'delete from victim'
--- compound statement
begin not atomic delete from victim; end
--- signal
signal sqlstate '45000'
--- shutdown
shutdown
--- use
use mysql
--- xa
xa start 'x'
--- savepoint
savepoint x
--- binlog
binlog 'x'
--- change of master
change master to master_host = 'x'
--- rows of the binary log
show binlog events
--- password hash of an account
show create user current_user()
--- only a comment
-- select 1
--- nothing

--- a string that never ends
select 'x
--- a double-quoted string with the rest behind
select "x\\"; delete from victim; -- "
--- help
help 'select'
