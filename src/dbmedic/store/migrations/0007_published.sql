-- What apps of Dify clients have published, and what is asked of the files of a whole conversation or of one person.

-- Never changed: a client may ask an older one.  The agent's version holds prompt, tools and skills.
create table app_versions (
    app           text not null references apps (id),
    number        integer not null,
    agent         text not null references agents (id),
    agent_version integer not null,
    opening       text not null,
    form          text not null,
    created_at    bigint not null,
    primary key (app, number)
);

create index files_by_owner on files (account, owner);
