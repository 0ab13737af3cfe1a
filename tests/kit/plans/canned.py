"""Plans of MySQL 8, of which no server is at hand, as its manual and its users print them."""

JSON_8 = """EXPLAIN: {
  "query_block": {
    "select_id": 1,
    "cost_info": {"query_cost": "112045.60"},
    "ordering_operation": {
      "using_temporary_table": true,
      "using_filesort": true,
      "nested_loop": [
        {"table": {"table_name": "o", "access_type": "ALL", "rows_examined_per_scan": 997242,
          "rows_produced_per_join": 99724, "filtered": "10.00",
          "cost_info": {"read_cost": "91000.10", "eval_cost": "9972.42", "prefix_cost": "100972.52",
                        "data_read_per_join": "27M"},
          "used_columns": ["id", "customer_id"],
          "attached_condition": "(lower(`shop`.`o`.`status`) = 'new')"}},
        {"table": {"table_name": "c", "access_type": "eq_ref", "possible_keys": ["PRIMARY"], "key": "PRIMARY",
          "used_key_parts": ["id"], "key_length": "4", "ref": ["shop.o.customer_id"], "rows_examined_per_scan": 1,
          "rows_produced_per_join": 99724, "filtered": "100.00",
          "cost_info": {"read_cost": "1100.66", "eval_cost": "9972.42", "prefix_cost": "112045.60"}}}
      ]
    }
  }
}"""

TREE_8 = """\
-> Limit: 10 row(s)  (actual time=2345.6..2345.6 rows=10 loops=1)
    -> Sort: o.total DESC, limit input to 10 row(s) per chunk  (actual time=2345.6..2345.6 rows=10 loops=1)
        -> Stream results  (cost=224000 rows=99724) (actual time=0.1..2200.4 rows=500000 loops=1)
            -> Nested loop inner join  (cost=224000 rows=99724) (actual time=0.1..2100.2 rows=500000 loops=1)
                -> Filter: (o.`status` = 'new')  (cost=101000 rows=99724) (actual time=0.05..700 rows=500000 loops=1)
                    -> Table scan on o  (cost=101000 rows=997242) (actual time=0.04..500 rows=1e+6 loops=1)
                -> Single-row index lookup on c using PRIMARY (id=o.customer_id)  (cost=0.25 rows=1) (actual time=0.0025..0.0026 rows=1 loops=500000)
"""  # noqa: E501

SUBQUERY_8 = """\
| -> Table scan on c  (cost=507 rows=5000) (actual time=0.03..2.1 rows=5000 loops=1)
-> Select #2 (subquery in projection; dependent)
    -> Aggregate: max(o.id)  (cost=20.1 rows=1) (actual time=12.2..12.2 rows=1 loops=5000)
        -> Filter: (o.customer_id = c.id)  (cost=10.1 rows=100) (actual time=0.1..12.1 rows=40 loops=5000)
            -> Table scan on o  (cost=10.1 rows=200000) (actual time=0.02..9.3 rows=200000 loops=5000)
 |"""

JSON_V2 = """{
  "query": "/* select#1 */ select 1", "json_schema_version": "2.0",
  "query_plan": {
    "inputs": [
      {"operation": "Table scan on orders", "access_type": "table", "table_name": "orders", "schema_name": "shop",
       "estimated_rows": 997242.0, "estimated_total_cost": 101000.5, "actual_rows": 1000000.0, "actual_loops": 1,
       "actual_first_row_ms": 0.05, "actual_last_row_ms": 520.4}
    ],
    "operation": "Filter: (orders.note like '%late%')", "condition": "(orders.note like '%late%')",
    "estimated_rows": 110800.0, "estimated_total_cost": 101000.5, "actual_rows": 3.0, "actual_loops": 1,
    "actual_first_row_ms": 4.0, "actual_last_row_ms": 640.9
  }
}"""

TABLE_8 = """\
mysql> explain select * from orders a join customers b on a.city = b.email where a.note like '%x%' order by b.id;
+----+-------------+-------+------------+------+---------------+------+---------+------+--------+----------+------------------------------------------------------------+
| id | select_type | table | partitions | type | possible_keys | key  | key_len | ref  | rows   | filtered | Extra                                                      |
+----+-------------+-------+------------+------+---------------+------+---------+------+--------+----------+------------------------------------------------------------+
|  1 | SIMPLE      | b     | NULL       | ALL  | NULL          | NULL | NULL    | NULL |   5000 |   100.00 | Using temporary; Using filesort                            |
|  1 | SIMPLE      | a     | NULL       | ALL  | NULL          | NULL | NULL    | NULL | 997242 |     1.11 | Using where; Using join buffer (Block Nested Loop)         |
+----+-------------+-------+------------+------+---------------+------+---------+------+--------+----------+------------------------------------------------------------+
2 rows in set, 1 warning (0.00 sec)
"""  # noqa: E501

VERTICAL = """\
*************************** 1. row ***************************
           id: 1
  select_type: PRIMARY
        table: c
         type: ALL
possible_keys: NULL
          key: NULL
         rows: 5000
        Extra: Using where
*************************** 2. row ***************************
           id: 2
  select_type: DEPENDENT SUBQUERY
        table: o
         type: ALL
possible_keys: NULL
          key: NULL
         rows: 997242
        Extra: Using where
2 rows in set (0.00 sec)
"""

LITE = """\
sqlite> explain query plan select * from orders o join customers c on c.id = o.customer_id order by o.note;
QUERY PLAN
|--SCAN o
|--SEARCH c USING INTEGER PRIMARY KEY (rowid=?)
|--CORRELATED SCALAR SUBQUERY 1
|  `--SEARCH x USING AUTOMATIC COVERING INDEX (city=?)
`--USE TEMP B-TREE FOR ORDER BY
"""
