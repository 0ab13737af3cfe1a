-- Two accounts: the shop's own application, and dbmedic with the documented rights "explain".
create role shop_web login connection limit 20;
create role dbmedic login connection limit 5 in role pg_monitor;
alter role dbmedic set default_transaction_read_only = on;
create extension pg_stat_statements;
