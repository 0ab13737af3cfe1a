--- insert
insert into victim values (99, 'x')
--- update
update victim set b = 'gone'
--- delete
delete from victim
--- replace
replace into victim values (1, 'x')
--- upsert
insert into victim values (1, 'x') on conflict do update set b = 'y'
--- delete after a CTE
with x as (select 1) delete from victim
--- insert after a CTE
with x as (select 1) insert into victim select 98, 'y'
--- insert returning
insert into victim values (97, 'z') returning a
--- two statements
select 1; delete from victim
--- two statements without a space
select 1;delete from victim;
--- begin
begin immediate
--- commit
commit
--- savepoint
savepoint x
--- attach
attach database '/tmp/dbmedic-hostile.db' as other
--- attach in memory
attach ':memory:' as other
--- detach
detach main
--- vacuum
vacuum
--- vacuum into
vacuum into '/tmp/dbmedic-hostile.db'
--- reindex
reindex
--- analyze
analyze
--- pragma with a value
pragma query_only = 0
--- pragma with a value in parentheses
pragma query_only(0)
--- pragma of the journal
pragma journal_mode = delete
--- pragma of the journal in parentheses
pragma main.journal_mode(truncate)
--- pragma of the user version
pragma user_version = 5
--- pragma of the schema
pragma writable_schema = 1
--- pragma that optimizes
pragma optimize
--- pragma that vacuums
pragma incremental_vacuum(10)
--- pragma that checkpoints
pragma wal_checkpoint(truncate)
--- pragma that trusts
pragma trusted_schema = 1
--- pragma as a function in FROM
select * from pragma_wal_checkpoint
--- pragma as a function with a value
select * from pragma_user_version(5)
--- pragma as a function, behind the schema
select * from pragma_journal_mode('delete')
--- load an extension
select load_extension('/tmp/x.so')
--- load an extension, quoted
select "load_extension"('/tmp/x.so')
--- load an extension, bracketed
select [load_extension] ('/tmp/x.so')
--- write a file
select writefile('/tmp/dbmedic-hostile.db', 'x')
--- read a file
select readfile('/etc/passwd')
--- edit
select edit('x', 'touch /tmp/dbmedic-hostile.db')
--- a tokenizer by address
select fts3_tokenizer('x', x'41')
--- create table
create table made (a)
--- create temp table
create temp table made (a)
--- create table as
create table made as select 1
--- create view
create view made as select 1
--- create trigger
create trigger made after insert on victim begin delete from victim; end
--- create index
create index made on victim (b)
--- virtual table
create virtual table made using fts5(a)
--- drop
drop table victim
--- alter
alter table victim add column c
--- explain of a delete
explain delete from victim
--- explain query plan of a delete
explain query plan delete from victim
--- only a comment
-- select 1
--- nothing

--- a string that never ends
select 'x
