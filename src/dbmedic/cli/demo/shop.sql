-- The shop of the demo: small, but real.  Faults that are in it on purpose:
--   * orders has no index on customer_id, and the orders page filters by it;
--   * events grows as long as the demo runs, for nobody removes old rows;
--   * order_items refers to products without an index, and customers.email is indexed twice.

create table customers (
    id integer primary key,
    name text not null,
    email text not null unique,
    city text not null,
    created_at timestamptz not null
);
create index customers_email on customers (email);

create table products (
    id integer primary key,
    name text not null,
    price numeric(10, 2) not null,
    stock integer not null
);

create table orders (
    id bigint generated always as identity primary key,
    customer_id integer not null,
    status text not null,
    total numeric(10, 2) not null,
    address text not null,
    note text not null,
    created_at timestamptz not null
);

create table order_items (
    order_id bigint not null,
    line smallint not null,
    product_id integer not null,
    amount integer not null,
    price numeric(10, 2) not null,
    primary key (order_id, line)
);

create table events (
    id bigint generated always as identity primary key,
    at timestamptz not null default now(),
    kind text not null,
    payload jsonb not null
);

insert into customers
select
    n,
    'Customer ' || n,
    'customer' || n || '@example.com',
    (array['Hangzhou', 'Hamburg', 'Osaka', 'Jakarta', 'Lyon'])[1 + n % 5],
    now() - n * interval '20 minutes'
from generate_series(1, 20000) as n;

insert into products
select n, 'Product ' || n, 3 + n % 90 + 0.95, n * 7 % 400
from generate_series(1, 800) as n;

insert into orders (customer_id, status, total, address, note, created_at)
select
    1 + n * 7919::bigint % 20000,
    (array['paid', 'paid', 'sent', 'sent', 'sent', 'cancelled'])[1 + n % 6],
    10 + n % 240 + 0.95,
    'Street ' || n % 4000 || ', ' || lpad((n % 90000)::text, 5, '0'),
    repeat('leave it with the neighbours; ', 1 + n % 3),
    now() - (1500000 - n) * interval '21 seconds'
from generate_series(1, 1500000) as n;

insert into order_items
select n, 1, 1 + n % 800, 1 + n % 3, 3 + n % 90 + 0.95
from generate_series(1, 400000) as n;

insert into events (at, kind, payload)
select
    now() - (60000 - n) * interval '2 seconds',
    (array['view', 'search', 'basket', 'login'])[1 + n % 4],
    jsonb_build_object('customer', 1 + n % 20000, 'agent', repeat('Mozilla/5.0 ', 12), 'path', '/p/' || n % 800)
from generate_series(1, 60000) as n;

alter table orders add foreign key (customer_id) references customers (id);
alter table order_items add foreign key (order_id) references orders (id);
alter table order_items add foreign key (product_id) references products (id);

create extension pg_stat_statements;
grant select, insert, update, delete on all tables in schema public to shop_web;
grant usage on all sequences in schema public to shop_web;
