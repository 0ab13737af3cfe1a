-- What Dify clients need: when feedback was first given, uploaded files, annotations.

alter table feedback add column created_at bigint;

-- The bytes are in the data folder, under the id.
create table files (
    id         text not null primary key,
    account    text not null,
    app        text,
    owner      text not null,
    name       text not null,
    extension  text not null,
    mime       text not null,
    kind       text not null,
    size       bigint not null,
    created_at bigint not null
);

-- In which turns a file was sent.
create table file_turns (
    file text not null references files (id),
    turn text not null,
    primary key (file, turn)
) /*sqlite without rowid */;

create index file_turns_by_turn on file_turns (turn);

-- Questions that a person has answered for an app.
create table annotations (
    id         text not null primary key,
    account    text not null,
    app        text not null,
    question   text not null,
    answer     text not null,
    hit_count  integer not null,
    created_at bigint not null
);

create index annotations_by_app on annotations (app, created_at, id);

-- Whether an app's annotations answer questions, and how near a question must be (0..1).
create table annotation_replies (
    app       text not null primary key,
    enabled   integer not null,
    threshold double precision not null
);

create table annotation_jobs (
    id     text not null primary key,
    app    text not null,
    action text not null,
    at     bigint not null
);
