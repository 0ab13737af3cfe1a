-- The shop on MariaDB: nothing is wrong with it.  Statements end with a semicolon at the end of a line.
create table customers (
  id int auto_increment primary key, email varchar(80) not null unique, name varchar(60) not null,
  city varchar(30) not null, phone varchar(20) not null, created_at datetime not null);
insert into customers
select seq, concat('user', seq, '@example.com'), concat('Customer ', md5(seq)), concat('City ', seq % 500),
       13000000000 + seq, '2024-01-01' + interval seq * 10 minute
from seq_1_to_50000;
create table categories (id int primary key, name varchar(40) not null);
insert into categories select seq, concat('Category ', seq) from seq_1_to_20;
create table products (
  id int primary key, sku varchar(20) not null unique, name varchar(60) not null, category_id int not null,
  price decimal(10, 2) not null, stock int not null, foreign key (category_id) references categories (id));
insert into products
select seq, concat('SKU-', seq), concat('Product ', md5(seq)), 1 + seq % 20, 5 + seq % 200, 1000000 from seq_1_to_5000;
create table orders (
  id int auto_increment primary key, customer_id int not null, status varchar(12) not null,
  reference varchar(20) not null, total decimal(10, 2) not null, created_at datetime not null, note varchar(60));
insert into orders
select seq, 1 + (seq * 7919) % 50000, elt(1 + seq % 6, 'new', 'paid', 'shipped', 'done', 'done', 'done'),
       7000000 + seq, 10 + seq % 500, '2025-01-01' + interval seq minute, repeat('note ', 8)
from seq_1_to_300000;
create index orders_customer_id_idx on orders (customer_id, created_at);
create index orders_reference_idx on orders (reference);
create index orders_created_at_idx on orders (created_at);
create table order_items (
  id int auto_increment primary key, order_id int not null, product_id int not null, quantity int not null,
  price decimal(10, 2) not null);
insert into order_items
select seq, 1 + (seq * 104729) % 300000, 1 + (seq * 7919) % 5000, 1 + seq % 5, 5 + seq % 200 from seq_1_to_600000;
create index order_items_order_id_idx on order_items (order_id);
create index order_items_product_id_idx on order_items (product_id);
create table carts (id int primary key, customer_id int not null, items int not null, changed_at datetime not null);
insert into carts select seq, seq, 0, now() from seq_1_to_20000;
create table audit_log (
  id int auto_increment primary key, at datetime not null, actor varchar(40) not null, action varchar(20) not null,
  detail varchar(100) not null);
insert into audit_log
select seq, '2025-06-01' + interval seq minute, concat('actor', (seq * 7919) % 20000),
       elt(1 + seq % 3, 'view', 'edit', 'pay'), concat('changed ', md5(seq), ' to ', md5(seq + 1))
from seq_1_to_200000;
create index audit_log_actor_idx on audit_log (actor, at);
create table counters (name varchar(20) primary key, value bigint not null);
insert into counters values ('orders', 0), ('visits', 0);
analyze table customers, categories, products, orders, order_items, carts, audit_log, counters;
