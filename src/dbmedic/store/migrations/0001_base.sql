-- The first schema.  Times are microseconds since 1970 UTC, ids are uuid texts, lists and objects are JSON texts.

create table meta (
    name  text not null primary key,
    value bigint not null
) /*sqlite without rowid */;

insert into meta (name, value) values ('schema_version', 0), ('version', 1);

create table settings (
    name  text not null primary key,
    value text not null
) /*sqlite without rowid */;

-- who may speak ----------------------------------------------------------------------------------------------

create table accounts (
    id         text not null primary key,
    name       text not null,
    max_turns  integer not null,
    created_at bigint not null
);

create table users (
    id         text not null primary key,
    account    text not null references accounts (id),
    name       text not null,
    created_at bigint not null,
    unique (account, name)
);

create table apps (
    id         text not null primary key,
    account    text not null references accounts (id),
    name       text not null,
    created_at bigint not null,
    unique (account, name)
);

create table keys (
    id         text not null primary key,
    account    text not null references accounts (id),
    user_id    text not null references users (id),
    app        text references apps (id),
    kind       text not null,
    name       text not null,
    hash       text not null unique,
    sealed     text,
    rights     text not null,
    instances  text,
    created_at bigint not null,
    revoked_at bigint
);

create index keys_by_account on keys (account, created_at, id);

create table end_users (
    id         text not null primary key,
    account    text not null references accounts (id),
    app        text not null references apps (id),
    text       text not null,
    created_at bigint not null,
    unique (app, text)
);

-- what is watched --------------------------------------------------------------------------------------------

create table instances (
    account       text not null references accounts (id),
    id            text not null,
    name          text not null,
    region        text not null,
    tags          text not null,
    url           text not null,
    storage_bytes bigint,
    metrics_url   text,
    write_url     text,
    rows          text not null,
    created_at    bigint not null,
    primary key (account, id)
);

-- what was said ----------------------------------------------------------------------------------------------

create table conversations (
    id         text not null primary key,
    account    text not null,
    owner      text not null,
    app        text,
    name       text not null,
    inputs     text not null,
    api        text not null,
    created_at bigint not null,
    updated_at bigint not null,
    deleted_at bigint
);

create index conversations_by_update on conversations (owner, updated_at, id) where deleted_at is null;
create index conversations_by_creation on conversations (owner, created_at, id) where deleted_at is null;

create table turns (
    id           text not null primary key,
    conversation text not null references conversations (id),
    account      text not null,
    owner        text not null,
    app          text,
    run          text not null,
    api          text not null,
    parent       text,
    status       text not null,
    position     integer not null,
    created_at   bigint not null,
    closed_at    bigint
);

create index turns_by_conversation on turns (conversation, created_at, id);
create index turns_by_run on turns (run);
create index turns_running on turns (account, created_at) where status = 'running';

-- The log.  No foreign key to turns: this is the hottest table, and its one writer opens the turn first.
-- With a rowid, so that new rows lie together at the end: clustered by the random turn, writes cost a third more CPU.
create table events (
    turn text not null,
    seq  integer not null,
    at   bigint not null,
    kind text not null,
    body text not null,
    primary key (turn, seq)
);
