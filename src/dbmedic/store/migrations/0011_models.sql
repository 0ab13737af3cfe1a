-- What models cost, by account and day; and which model an agent speaks with.

create table usage (
    account           text not null,
    day               bigint not null,
    currency          text not null,
    turns             bigint not null,
    calls             bigint not null,
    prompt_tokens     bigint not null,
    completion_tokens bigint not null,
    cost              bigint not null,
    primary key (account, day, currency)
);

-- Null: as the question says, or the default.
alter table agent_versions add column model text;
alter table agent_versions add column thinking text;
