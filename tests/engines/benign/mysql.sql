--- one
select 1 as one
--- a comment, a semicolon
/* dbmedic */ select 1; -- done
--- hash comment
select 1 # done
--- status
show global status like 'Threads%'
--- variables
show variables where Variable_name in ('max_connections', 'wait_timeout')
--- full processlist
show full processlist
--- InnoDB status
show engine innodb status
--- prepared transactions
xa recover
--- engines
show engines
--- databases
show databases
--- tables
show full tables
--- table status
show table status like 'victim'
--- columns
show columns from victim
--- index
show index from victim
--- create table
show create table victim
--- grants
show grants
--- plugins
show plugins
--- open tables
show open tables
--- replicas
show replica status
--- warnings
show warnings
--- triggers
show triggers
--- describe
describe victim
--- desc
desc victim
--- explain
explain select * from victim where a = 1
--- explain json
explain format=json select v.a from victim v where v.b = 'x' order by v.a
--- explain extended
explain extended select 1
--- processlist table
select ID, USER, COMMAND, TIME, STATE, left(INFO, 200) as q from information_schema.PROCESSLIST where COMMAND <> 'Sleep'
--- lock waits of MariaDB
select b.trx_mysql_thread_id as blocker, p.COMMAND, p.USER, timestampdiff(second, b.trx_started, now()) as blocker_trx_s,
  r.trx_mysql_thread_id as waiter, timestampdiff(second, r.trx_wait_started, now()) as waited_s, l.lock_table, l.lock_mode
from information_schema.INNODB_LOCK_WAITS w join information_schema.INNODB_TRX b on b.trx_id = w.blocking_trx_id
join information_schema.INNODB_TRX r on r.trx_id = w.requesting_trx_id
left join information_schema.INNODB_LOCKS l on l.lock_id = w.requested_lock_id
left join information_schema.PROCESSLIST p on p.ID = b.trx_mysql_thread_id order by waited_s desc limit 100
--- integer exhaustion
select t.TABLE_SCHEMA, t.TABLE_NAME, c.COLUMN_NAME, c.COLUMN_TYPE, t.AUTO_INCREMENT,
  round(100 * t.AUTO_INCREMENT / (case c.DATA_TYPE when 'tinyint' then 255 when 'smallint' then 65535
    when 'mediumint' then 16777215 when 'int' then 4294967295 else 18446744073709551615 end
    div if(locate('unsigned', c.COLUMN_TYPE) > 0, 1, 2)), 2) as pct
from information_schema.TABLES t join information_schema.COLUMNS c using (TABLE_SCHEMA, TABLE_NAME)
where t.AUTO_INCREMENT is not null and c.EXTRA like '%auto_increment%' order by pct desc limit 50
--- metrics
select NAME, COUNT from information_schema.INNODB_METRICS where ENABLED = 1 limit 5
--- tablespaces
select NAME, FILE_SIZE, ALLOCATED_SIZE from information_schema.INNODB_SYS_TABLESPACES limit 5
--- statement digests
select SCHEMA_NAME, DIGEST, DIGEST_TEXT, COUNT_STAR, SUM_TIMER_WAIT / 1e12 as s
from performance_schema.events_statements_summary_by_digest order by SUM_TIMER_WAIT desc limit 5
--- wait summary
select EVENT_NAME, COUNT_STAR from performance_schema.events_waits_summary_global_by_event_name limit 5
--- global status as a table
select VARIABLE_NAME, VARIABLE_VALUE + 0 as value from information_schema.GLOBAL_STATUS where VARIABLE_NAME like 'Innodb%' limit 5
--- foreign keys
select k.TABLE_NAME, k.COLUMN_NAME from information_schema.KEY_COLUMN_USAGE k where k.REFERENCED_TABLE_NAME is not null
--- tables without a primary key
select t.TABLE_SCHEMA, t.TABLE_NAME from information_schema.TABLES t left join information_schema.STATISTICS s
  on s.TABLE_SCHEMA = t.TABLE_SCHEMA and s.TABLE_NAME = t.TABLE_NAME and s.INDEX_NAME = 'PRIMARY'
where s.INDEX_NAME is null and t.TABLE_TYPE = 'BASE TABLE' limit 5
--- duplicate indexes
select TABLE_NAME, group_concat(COLUMN_NAME order by SEQ_IN_INDEX separator ',') as cols, count(distinct INDEX_NAME) as n
from information_schema.STATISTICS group by TABLE_SCHEMA, TABLE_NAME, INDEX_NAME having n >= 1 limit 5
--- sys function
select sys.format_bytes(1024) as size
--- sys view
select * from sys.schema_unused_indexes limit 5
--- accounts
select User, Host from mysql.global_priv
--- user table
select a, b from victim where a between 1 and 2 or b in ('one', 'two') order by a limit 5
--- join and alias
select v.a, w.b from victim as v inner join victim w on w.a = v.a and w.b <=> v.b
--- union
(select a from victim) union all (select a from victim) order by a limit 3
--- common table expression
with recent (x, y) as (select a, b from victim), again as (select x from recent) select count(*) from again
--- recursive
with recursive n (i) as (select 1 union all select i + 1 from n where i < 5) select sum(i) from n
--- window
select a, row_number() over (order by a) as r, sum(a) over (partition by b) as s from victim
--- case, cast, convert
select case when a > 1 then 'many' else 'one' end, cast(a as char(10)), convert(b using utf8mb4), convert(a, decimal(10, 2)) from victim
--- dates
select now(6), date_add(now(), interval 1 day), unix_timestamp(), date_format(now(), '%Y'), extract(year from now())
--- json
select json_extract('{"a": 1}', '$.a'), json_object('a', 1), json_value('{"a": 2}', '$.a')
--- strings that look like writes
select 'delete from victim; commit' as text, "it's /* not */ a comment" as other, 'x''y\'z' as third
--- a string that would end early without backslash escapes
select '\'; delete from victim; -- ' as text
--- columns called like verbs
select a as `delete`, b as `sleep`, 1 as `into` from victim
--- functions called like verbs
select replace(b, 'o', '0'), insert(b, 1, 1, 'x'), left(b, 1), right(b, 1), repeat('x', 2), truncate(1.55, 1) from victim
--- index hints
select * from victim use index (primary) where a = 1
--- variables
select @@max_connections, @@global.max_connections, @unset
--- regular expressions
select b regexp '^o', b rlike 'o', b like 'o%' escape '!' from victim
--- comparison with rows and lists
select * from victim where (a, b) in ((1, 'one'), (2, 'two')) and exists (select 1 from victim where a = 1)
--- group with rollup
select b, count(*) from victim group by b with rollup
--- versions
select version(), @@version_comment, connection_id(), current_user(), database()
