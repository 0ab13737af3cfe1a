-- Knowledge as its keepers see it: where a document is from, metadata, tags, smaller passages, apps that read a dataset.
-- New passages of a document are staged, and found once all of them are there.

alter table documents add column details text not null default '{}';
alter table documents add column metadata text not null default '{}';
alter table documents add column file text;

-- `file` is what is to be read first; a job of kind 'words' only renews the word index.
alter table index_jobs add column file text;
alter table index_jobs add column kind text not null default 'text';

alter table segments add column staged integer not null default 0;
alter table segments add column digest text;
alter table segments add column answer text;
alter table segments add column summary text;
alter table segments add column created_at bigint not null default 0;
alter table segments add column disabled_at bigint;

update segments set created_at = at;

create index segments_by_dataset on segments (dataset);

-- Smaller passages by which a larger one is found.
create table children (
    id         text not null primary key,
    segment    text not null references segments (id) on delete cascade,
    position   integer not null,
    text       text not null,
    made       text not null,
    created_at bigint not null,
    updated_at bigint not null
);

create index children_by_segment on children (segment, position);

create table metadata_fields (
    id         text not null primary key,
    dataset    text not null references datasets (id) on delete cascade,
    name       text not null,
    kind       text not null,
    created_at bigint not null,
    unique (dataset, name)
);

create table tags (
    id         text not null primary key,
    account    text not null,
    name       text not null,
    created_at bigint not null,
    unique (account, name)
);

create table tag_datasets (
    tag     text not null references tags (id) on delete cascade,
    dataset text not null references datasets (id) on delete cascade,
    primary key (tag, dataset)
) /*sqlite without rowid */;

create index tag_datasets_by_dataset on tag_datasets (dataset);

-- Which apps read a dataset.
create table app_datasets (
    app     text not null,
    dataset text not null references datasets (id) on delete cascade,
    primary key (app, dataset)
) /*sqlite without rowid */;

create index app_datasets_by_dataset on app_datasets (dataset);

-- What an embedding model made of a passage: its signs as bits, to find it, and all of it, to compare.
create table segment_vectors (
    segment text not null primary key references segments (id) on delete cascade,
    dataset text not null,
    model   text not null,
    signs   /*sqlite blob */ /*postgres bytea */ not null,
    vector  /*sqlite blob */ /*postgres bytea */ not null
);

create index segment_vectors_by_dataset on segment_vectors (dataset, model);
