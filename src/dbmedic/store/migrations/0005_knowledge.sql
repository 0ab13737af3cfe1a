-- The knowledge base: datasets, their documents, the passages that are found, and what is still to be indexed.

create table datasets (
    number      /*sqlite integer primary key */ /*postgres bigint generated always as identity primary key */,
    id          text not null unique,
    account     text not null,
    name        text not null,
    description text not null,
    settings    text not null,
    created_at  bigint not null,
    updated_at  bigint not null,
    unique (account, name)
);

create table documents (
    id         text not null primary key,
    dataset    text not null references datasets (id),
    batch      text not null,
    position   integer not null,
    name       text not null,
    words      text not null,
    settings   text not null,
    digest     text not null,
    status     text not null,
    error      text,
    enabled    integer not null,
    archived   integer not null,
    chars      integer not null,
    total      integer not null,
    created_at bigint not null,
    updated_at bigint not null,
    begun_at   bigint,
    split_at   bigint,
    done_at    bigint
);

create index documents_by_dataset on documents (dataset, position);
create index documents_by_batch on documents (batch);

create table document_texts (
    document text not null primary key references documents (id) on delete cascade,
    text     text not null
);

-- What is to be indexed; a row goes when its document is done, or has failed.
create table index_jobs (
    document text not null primary key references documents (id) on delete cascade,
    attempts integer not null,
    at       bigint not null
);

create table segments (
    number   /*sqlite integer primary key */ /*postgres bigint generated always as identity primary key */,
    id       text not null unique,
    document text not null references documents (id) on delete cascade,
    dataset  text not null,
    position integer not null,
    heading  text not null,
    text     text not null,
    keywords text not null,
    enabled  integer not null,
    hits     integer not null,
    at       bigint not null
);

create index segments_by_document on segments (document, position);

/*sqlite
create virtual table segment_words using fts5(
    place, title, body, content = '', contentless_delete = 1, tokenize = "unicode61 tokenchars '_'"
);
create virtual table segment_vocabulary using fts5vocab(segment_words, 'row');
*/

/*postgres
create table segment_words (
    number bigint not null primary key,
    words  tsvector not null
);
create index segment_words_by_word on segment_words using gin (words);
*/
