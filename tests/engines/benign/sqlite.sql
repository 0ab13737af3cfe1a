--- one
select 1 as one
--- comment and semicolon
/* dbmedic */ select 1; -- done
--- values
values (1), (2)
--- version
select sqlite_version(), sqlite_source_id()
--- table
select a, b from victim order by a limit 5
--- view
select * from seen
--- join
select v.a from victim v join victim w using (a) left join seen s on s.a = v.a
--- schema
select type, name, tbl_name, rootpage, sql from sqlite_schema
--- old name of the schema
select count(*) from sqlite_master
--- statistics
select * from sqlite_stat1
--- common table expression
with x(a) as (select a from victim), y as materialized (select a from x) select count(*) from y
--- recursive
with recursive n(i) as (select 1 union all select i + 1 from n where i < 5) select sum(i) from n
--- window
select a, row_number() over (order by a), sum(a) over (partition by b) from victim
--- aggregate with filter
select count(*) filter (where a > 1), group_concat(b, ','), total(a) from victim
--- case and cast
select case when a > 1 then 'many' else 'one' end, cast(a as text), typeof(b), a is not null from victim
--- dates
select date('now'), julianday('now'), strftime('%Y', 'now'), unixepoch()
--- json
select json_extract('{"a": 1}', '$.a'), '{"a": 2}' ->> 'a', json_group_array(a) from victim
--- json as a table
select key, value from json_each('[1, 2]')
--- strings that look like writes
select 'delete from victim; commit' as text, 'it''s /* not */ a comment' as other
--- names like verbs
select a as "delete", b as [update], 1 as `insert` from victim
--- replace as a function
with x as (select b from victim) select replace(b, 'o', '0') from x
--- functions
select abs(-1), coalesce(null, 1), hex('a'), ifnull(null, 2), instr('abc', 'b'), length('abc'), lower('A'), max(1, 2), nullif(1, 1)
--- more functions
select printf('%d', 5), quote('x'), random() is not null, round(1.5), substr('abc', 2), trim(' x '), unicode('a'), upper('a'), iif(1, 2, 3)
--- like and glob
select * from victim where b like 'o%' escape '!' or b glob 'o*' or b in ('one') or a between 1 and 2
--- set operations
select a from victim union all select a from victim except select 5 intersect select 1
--- subquery
select * from victim where exists (select 1 from seen) and a = (select max(a) from victim)
--- row values
select * from victim where (a, b) = (1, 'one') or (a, b) in (values (2, 'two'))
--- limit and offset
select * from victim limit 1 offset 1
--- explain
explain select * from victim
--- explain query plan
explain query plan select * from victim where b = 'one'
--- pragma page count
pragma page_count
--- pragma free pages
pragma freelist_count
--- pragma of a schema
pragma main.page_size
--- pragma journal
pragma journal_mode
--- pragma synchronous
pragma synchronous
--- pragma table info
pragma table_info(victim)
--- pragma table info, quoted
pragma main.table_xinfo('victim')
--- pragma index list
pragma index_list(victim)
--- pragma index info
pragma index_xinfo(by_b)
--- pragma foreign keys
pragma foreign_key_list(victim)
--- pragma foreign key check
pragma foreign_key_check
--- pragma integrity check
pragma integrity_check(1)
--- pragma quick check
pragma quick_check
--- pragma compile options
pragma compile_options
--- pragma databases
pragma database_list
--- pragma tables
pragma table_list
--- pragma dry run
pragma optimize(-1)
--- pragma as a table
select name, type, pk from pragma_table_info('victim')
--- pragma as a table, joined
select m.name, i.name from sqlite_schema m join pragma_index_list(m.name) i where m.type = 'table'
