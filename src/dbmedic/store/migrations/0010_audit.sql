-- The audit: one link for each turn that ended, chained over the rows of its log.

create table audit (
    position bigint not null primary key,
    turn     text not null unique,
    account  text not null,
    rows     integer not null,
    digest   text not null,
    chain    text not null,
    at       bigint not null
);

-- Turns that ended and have no link yet.
alter table turns add column sealed integer;

create index turns_unsealed on turns (closed_at, id) where closed_at is not null and sealed is null;
