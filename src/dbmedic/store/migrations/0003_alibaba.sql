-- What the Alibaba Cloud APIs need: policies, temporary keys, nonces, custom agents, skills, feedback, clients' ids.

-- Documents in RAM's format, per account; built-in ones are in the program.
create table policies (
    account    text not null references accounts (id),
    name       text not null,
    document   text not null,
    created_at bigint not null,
    primary key (account, name)
);

-- Which policies, own or built-in, a user has.
create table policy_users (
    account    text not null references accounts (id),
    user_id    text not null references users (id),
    policy     text not null,
    created_at bigint not null,
    primary key (account, user_id, policy)
);

-- A temporary access key: which token it must show, and until when it works.
create table key_tokens (
    key        text not null primary key references keys (id),
    sha256     text not null,
    expires_at bigint not null
);

-- Nonces that were used, so that a request cannot be played again; for as long as its date would pass.
create table nonces (
    key   text not null,
    nonce text not null,
    until bigint not null,
    primary key (key, nonce)
) /*sqlite without rowid */;

create index nonces_by_end on nonces (until);

create table agents (
    id         text not null primary key,
    account    text not null references accounts (id),
    version    integer not null,
    created_at bigint not null,
    updated_at bigint not null,
    deleted_at bigint
);

create index agents_by_account on agents (account, created_at, id) where deleted_at is null;

-- Never changed: a turn names the version it ran with.
create table agent_versions (
    agent        text not null references agents (id),
    version      integer not null,
    name         text not null,
    prompt       text not null,
    enable_tools integer not null,
    tools        text not null,
    skills       text not null,
    created_at   bigint not null,
    primary key (agent, version)
);

create table skills (
    id          text not null primary key,
    account     text not null references accounts (id),
    name        text not null,
    description text not null,
    dbtypes     text not null,
    content     text not null,
    created_at  bigint not null,
    updated_at  bigint not null,
    deleted_at  bigint
);

create unique index skills_by_name on skills (account, name) where deleted_at is null;

create table feedback (
    turn    text not null primary key references turns (id),
    account text not null,
    owner   text not null,
    rating  text not null,
    content text not null,
    api     text not null,
    at      bigint not null
);

-- Ids that a client made for its conversations, per API and owner.
create table sessions (
    api          text not null,
    account      text not null,
    owner        text not null,
    session      text not null,
    conversation text not null,
    created_at   bigint not null,
    primary key (api, account, owner, session)
);

create index sessions_by_conversation on sessions (conversation, api);

-- Ids that a client gave its messages, so that one is not taken twice.
create table session_messages (
    conversation text not null,
    message      text not null,
    primary key (conversation, message)
) /*sqlite without rowid */;

/*sqlite
create trigger policies_insert_counts after insert on policies begin update meta set value = value + 1 where name = 'version'; end;
create trigger policies_update_counts after update on policies begin update meta set value = value + 1 where name = 'version'; end;
create trigger policies_delete_counts after delete on policies begin update meta set value = value + 1 where name = 'version'; end;
*/

/*sqlite
create trigger policy_users_insert_counts after insert on policy_users begin update meta set value = value + 1 where name = 'version'; end;
create trigger policy_users_update_counts after update on policy_users begin update meta set value = value + 1 where name = 'version'; end;
create trigger policy_users_delete_counts after delete on policy_users begin update meta set value = value + 1 where name = 'version'; end;
*/

/*sqlite
create trigger key_tokens_insert_counts after insert on key_tokens begin update meta set value = value + 1 where name = 'version'; end;
create trigger key_tokens_update_counts after update on key_tokens begin update meta set value = value + 1 where name = 'version'; end;
create trigger key_tokens_delete_counts after delete on key_tokens begin update meta set value = value + 1 where name = 'version'; end;
*/

/*postgres
create trigger policies_counts after insert or update or delete on policies for each row execute function dbmedic_counts();
create trigger policy_users_counts after insert or update or delete on policy_users for each row execute function dbmedic_counts();
create trigger key_tokens_counts after insert or update or delete on key_tokens for each row execute function dbmedic_counts();
*/
