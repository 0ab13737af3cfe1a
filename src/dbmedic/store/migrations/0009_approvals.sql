-- Changes that wait for a person, the rules written ahead, and the runs that took a turn up again.

create table approvals (
    id         text not null primary key,
    turn       text not null,
    call       text not null,
    account    text not null,
    instance   text not null,
    status     text not null,
    round_open integer not null,
    until      bigint not null,
    grants     text not null,
    body       text not null,
    created_at bigint not null,
    decided_at bigint
);

create index approvals_by_turn on approvals (turn);
create index approvals_by_account on approvals (account, created_at, id);

create table approval_rules (
    account    text not null,
    name       text not null,
    effect     text not null,
    kinds      text not null,
    instances  text not null,
    created_by text not null,
    created_at bigint not null,
    primary key (account, name)
);

create index turns_waiting on turns (conversation) where status = 'waiting';

-- Run of a turn after the first one.
create table resumptions (
    run  text not null primary key,
    turn text not null
) /*sqlite without rowid */;
