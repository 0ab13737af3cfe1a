-- What was kept of watched databases over time: numbers as packed samples, and texts whenever they changed.

create table sampled (
    id      /*sqlite integer primary key */ /*postgres bigint generated always as identity primary key */,
    account text not null,
    instance text not null,
    since   bigint not null,
    owner   text not null,
    until   bigint not null,
    unique (account, instance)
);

-- step is the seconds that one row stands for, 0 for samples as they were taken; at is the end of that time.
create table samples (
    watched bigint not null references sampled (id) on delete cascade,
    series  text not null,
    step    integer not null,
    at      bigint not null,
    body    /*sqlite blob */ /*postgres bytea */ not null,
    primary key (watched, series, step, at)
) /*sqlite without rowid */;

create table sample_names (
    watched bigint not null references sampled (id) on delete cascade,
    id      bigint not null,
    name    text not null,
    seen_at bigint not null,
    primary key (watched, id)
) /*sqlite without rowid */;

create table sample_states (
    watched bigint not null references sampled (id) on delete cascade,
    kind    text not null,
    at      bigint not null,
    body    /*sqlite blob */ /*postgres bytea */ not null,
    primary key (watched, kind, at)
) /*sqlite without rowid */;
