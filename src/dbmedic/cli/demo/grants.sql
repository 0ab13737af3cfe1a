-- What each account may do with the tables.  dbmedic may select so that it can EXPLAIN the shop's statements.
grant select, insert, update, delete on all tables in schema public to shop_web;
grant usage on all sequences in schema public to shop_web;
grant select on all tables in schema public to dbmedic;
grant select on all sequences in schema public to dbmedic;
