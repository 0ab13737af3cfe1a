"""Texts as servers print them and people paste them."""

SLOW_MY = """\
/usr/sbin/mariadbd, Version: 10.11.6-MariaDB-log. started with:
Tcp port: 3306  Unix socket: /run/mysqld/mysqld.sock
Time		    Id Command	Argument
# Time: 261121 10:00:01
# User@Host: app[app] @ web1 [10.0.0.9]
# Thread_id: 12  Schema: shop  QC_hit: No
# Query_time: 4.000000  Lock_time: 0.000100  Rows_sent: 2  Rows_examined: 900000
# Rows_affected: 0  Bytes_sent: 100
use shop;
SET timestamp=1795255201;
select id from orders
 where customer_id = 42;
# User@Host: app[app] @ web1 [10.0.0.9]
# Thread_id: 13  Schema: shop  QC_hit: No
# Query_time: 2.000000  Lock_time: 0.000100  Rows_sent: 2  Rows_examined: 900000
SET timestamp=1795255205;
select id from orders where customer_id = 77;
# Time: 2026-11-21T10:00:09.000000Z
# User@Host: job[job] @ localhost []  Id:    14
# Query_time: 2.000000  Lock_time: 1.900000  Rows_sent: 0  Rows_examined: 1
SET timestamp=1795255209;
update stock set n = n - 1 where id = 5;
"""
SLOW_PG = """\
2026-11-21 10:00:00.123 UTC [4711] app@shop LOG:  duration: 3000.500 ms  statement: select * from orders
\twhere customer_id = 42
2026-11-21 10:00:03.123 UTC [4711] app@shop LOG:  duration: 1000.500 ms  execute <unnamed>: select * from items where id = $1
2026-11-21 10:00:04.000 UTC [4712] LOG:  checkpoint starting: time
"""  # noqa: E501
ACTIVITY = """\
  pid  | usename |        state        | wait_event_type |  wait_event   |          xact_start           |                 query
-------+---------+---------------------+-----------------+---------------+-------------------------------+----------------------------------------
  4711 | app     | idle in transaction | Client          | ClientRead    | 2026-11-21 09:12:00.000000+00 | update stock set n = 5 where id = 7;
  4712 | app     | active              | Lock            | transactionid | 2026-11-21 10:00:00.000000+00 | update stock set n = n - 1 where id = 7
  4713 | app     | active              | Lock            | tuple         | 2026-11-21 10:00:01.000000+00 | update stock set n = n - 1 where id = 7
  4714 | app     | active              | Lock            | tuple         | 2026-11-21 10:00:02.000000+00 | update stock set n = n - 1 where id = 7
(4 rows)
"""  # noqa: E501
ACTIVITY_CSV = """\
pid,usename,state,wait_event_type,wait_event,xact_start,query
4711,app,idle in transaction,Client,ClientRead,2026-11-21 09:12:00+00,"update stock set n = 5, m = 2 where id = 7"
4712,app,active,Lock,transactionid,2026-11-21 10:00:00+00,update stock set n = 1
"""
PROCESSES = """\
+-----+------+-----------+------+---------+------+---------------------------------+--------------------------------+
| Id  | User | Host      | db   | Command | Time | State                           | Info                           |
+-----+------+-----------+------+---------+------+---------------------------------+--------------------------------+
|   8 | app  | web1:5050 | shop | Query   |  901 | Waiting for table metadata lock | alter table orders add x int   |
|   9 | app  | web1:5051 | shop | Sleep   |  100 |                                 | NULL                           |
|  10 | app  | web1:5052 | shop | Query   |    5 | Sending data                    | select * from orders where a=1 |
+-----+------+-----------+------+---------+------+---------------------------------+--------------------------------+
"""
DEADLOCK_PG = """\
2026-11-21 10:00:05.001 UTC [4712] app@shop ERROR:  deadlock detected
2026-11-21 10:00:05.001 UTC [4712] app@shop DETAIL:  Process 4712 waits for ShareLock on transaction 901; blocked by process 4713.
\tProcess 4713 waits for ShareLock on transaction 902; blocked by process 4712.
\tProcess 4712: update accounts set n = 1 where id = 2
\tProcess 4713: update accounts set n = 2 where id = 1
2026-11-21 10:00:05.001 UTC [4712] app@shop HINT:  See server log for query details.
2026-11-21 10:00:05.001 UTC [4712] app@shop CONTEXT:  while updating tuple (0,2) in relation "accounts"
2026-11-21 10:00:05.001 UTC [4712] app@shop STATEMENT:  update accounts set n = 1 where id = 2
"""  # noqa: E501
STATUS = """\
=====================================
2026-11-21 10:00:00 0x7f INNODB MONITOR OUTPUT
=====================================
------------------------
LATEST DETECTED DEADLOCK
------------------------
2026-11-21 09:59:00 0x7f
*** (1) TRANSACTION:
TRANSACTION 901, ACTIVE 5 sec starting index read
mysql tables in use 1, locked 1
LOCK WAIT 3 lock struct(s), heap size 1128, 2 row lock(s), undo log entries 1
MariaDB thread id 31, OS thread handle 1, query id 77 web1 10.0.0.9 app Updating
update accounts set n = 1 where id = 2
*** (1) WAITING FOR THIS LOCK TO BE GRANTED:
RECORD LOCKS space id 5 page no 3 n bits 72 index PRIMARY of table `shop`.`accounts` trx id 901 lock_mode X locks rec but not gap waiting
*** (2) TRANSACTION:
TRANSACTION 902, ACTIVE 4 sec starting index read
MariaDB thread id 32, OS thread handle 2, query id 78 web1 10.0.0.9 app Updating
update accounts set n = 2 where id = 1
*** (2) WAITING FOR THIS LOCK TO BE GRANTED:
RECORD LOCKS space id 5 page no 3 n bits 72 index PRIMARY of table `shop`.`accounts` trx id 902 lock_mode X locks rec but not gap waiting
*** WE ROLL BACK TRANSACTION (2)
------------
TRANSACTIONS
------------
Trx id counter 1000
History list length 2500000
LIST OF TRANSACTIONS FOR EACH SESSION:
---TRANSACTION 950, ACTIVE 30 sec starting index read
LOCK WAIT 2 lock struct(s), heap size 1128, 1 row lock(s)
MariaDB thread id 41, OS thread handle 3, query id 99 web1 10.0.0.9 app Updating
update stock set n = 1 where id = 7
------- TRX HAS BEEN WAITING 29 SEC FOR THIS LOCK TO BE GRANTED:
---TRANSACTION 940, ACTIVE 7200 sec
4 lock struct(s), heap size 1128, 3000 row lock(s), undo log entries 2500
MariaDB thread id 40, OS thread handle 4, query id 98 web1 10.0.0.9 app
Buffer pool hit rate 900 / 1000, young-making rate 0 / 1000 not 0 / 1000
"""  # noqa: E501
POSTGRES_CONF = """\
# PostgreSQL configuration file
listen_addresses = '*'
max_connections = 2000          # (change requires restart)
shared_buffers = 128MB
work_mem = 64MB
fsync = off
max_wal_size = 1GB
log_min_duration_statement = -1
#autovacuum = on
"""
MY_CNF = """\
[mysqld]
datadir = /var/lib/mysql
innodb_buffer_pool_size = 128M
innodb_flush_log_at_trx_commit = 2
sync-binlog = 0
slow_query_log = 0
max_connections = 151
skip-grant-tables
"""
