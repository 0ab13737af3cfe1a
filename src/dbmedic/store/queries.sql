-- Every statement of the store, in the SQL that SQLite and PostgreSQL both speak.
--
-- "-- name: x --" opens a statement; ":instant" marks a read of one row by its key, or of an index of a few rows,
-- that costs microseconds.  Where the two dialects differ, /*sqlite … */ and /*postgres … */ hold the piece for each.
-- Parameters are written :name; times are microseconds since 1970 UTC; lists are JSON texts.
-- Keyset pages take the last row's key and id, or null for the first page.


-- name: version :instant --
select value from meta where name = 'version'

-- name: setting_get :instant --
select value from settings where name = :name

-- name: setting_put_new --
-- Keeps a value that is already there.
insert into settings (name, value) values (:name, :value) on conflict (name) do nothing


-- name: account_put_new --
insert into accounts (id, name, max_turns, created_at)
values (:id, :name, :max_turns, :now)
on conflict (id) do nothing

-- name: account_get :instant --
select id, name, max_turns, created_at from accounts where id = :id

-- name: user_put_new --
insert into users (id, account, name, created_at)
values (:id, :account, :name, :now)
on conflict (account, name) do nothing

-- name: user_by_name :instant --
select id, account, name, created_at from users where account = :account and name = :name

-- name: app_put_new --
insert into apps (id, account, name, created_at)
values (:id, :account, :name, :now)
on conflict (account, name) do nothing

-- name: app_by_name :instant --
select id, account, name, created_at from apps where account = :account and name = :name

-- name: apps_of_account --
select id, account, name, created_at from apps where account = :account order by created_at, id


-- name: key_put --
-- The user and the app are found by name, so that they may be made in the same transaction.
insert into keys (id, account, user_id, app, kind, name, hash, sealed, rights, instances, created_at)
select
    :id,
    :account,
    u.id,
    a.id,
    :kind,
    :name,
    :hash,
    :sealed,
    :rights,
    :instances,
    :now
from users u
left join apps a on a.account = u.account and a.name = :app
where u.account = :account and u.name = :user
returning id

-- name: key_by_hash :instant --
select id, account, user_id, app, kind, rights, instances, revoked_at from keys where hash = :hash

-- name: keys_of_account --
select
    k.id,
    k.kind,
    k.name,
    u.name as user_name,
    a.name as app_name,
    k.rights,
    k.instances,
    k.created_at,
    k.revoked_at
from keys k
join users u on u.id = k.user_id
left join apps a on a.id = k.app
where k.account = :account
order by k.created_at, k.id

-- name: key_revoke --
-- Revoking twice keeps the first time.
update keys
set revoked_at = coalesce(revoked_at, :now)
where id = :id and account = :account
returning id


-- name: end_user_put --
-- Keeps the one that is already there; read it with end_user_get, in the same transaction.
insert into end_users (id, account, app, text, created_at)
values (:id, :account, :app, :text, :now)
on conflict (app, text) do nothing

-- name: end_user_get :instant --
select id, account, app, text, created_at from end_users where app = :app and text = :text


-- name: instance_put_new --
-- No row comes back when the id is taken.
insert into instances (
    account, id, name, region, tags, url, storage_bytes, metrics_url, write_url, rows, created_at
)
values (
    :account, :id, :name, :region, :tags, :url, :storage_bytes, :metrics_url, :write_url, :rows, :now
)
on conflict (account, id) do nothing
returning id

-- name: instance_update --
update instances
set
    name = :name,
    region = :region,
    tags = :tags,
    url = :url,
    storage_bytes = :storage_bytes,
    metrics_url = :metrics_url,
    write_url = :write_url,
    rows = :rows
where account = :account and id = :id
returning id

-- name: instance_delete --
delete from instances where account = :account and id = :id returning id

-- name: instances_of_account --
select
    account,
    id,
    name,
    region,
    tags,
    url,
    storage_bytes,
    metrics_url,
    write_url,
    rows,
    created_at
from instances
where account = :account
order by id


-- name: open_conversation --
insert into conversations (id, account, owner, app, name, inputs, api, created_at, updated_at)
values (:id, :account, :owner, :app, :name, :inputs, :api, :now, :now)

-- name: conversation_get :instant --
select id, account, owner, app, name, inputs, api, created_at, updated_at
from conversations
where id = :id and owner = :owner and account = :account and deleted_at is null

-- name: touch_conversation --
-- Moves forward even when the clock does not.
update conversations
set updated_at = case when :now > updated_at then :now else updated_at + 1 end
where id = :id

-- name: rename_conversation --
update conversations
set name = :name, updated_at = case when :now > updated_at then :now else updated_at + 1 end
where id = :id and deleted_at is null
returning id, name, inputs, api, created_at, updated_at

-- name: delete_conversation --
update conversations set deleted_at = :now where id = :id and deleted_at is null returning id

-- name: conversations_page_updated_desc --
select id, name, inputs, api, created_at, updated_at
from conversations
where
    owner = :owner
    and account = :account
    and deleted_at is null
    and (updated_at, id) < (coalesce(:after_key, 9223372036854775807), coalesce(:after_id, ''))
order by updated_at desc, id desc
limit :limit

-- name: conversations_page_updated_asc --
select id, name, inputs, api, created_at, updated_at
from conversations
where
    owner = :owner
    and account = :account
    and deleted_at is null
    and (updated_at, id) > (coalesce(:after_key, -1), coalesce(:after_id, ''))
order by updated_at, id
limit :limit

-- name: conversations_page_created_desc --
select id, name, inputs, api, created_at, updated_at
from conversations
where
    owner = :owner
    and account = :account
    and deleted_at is null
    and (created_at, id) < (coalesce(:after_key, 9223372036854775807), coalesce(:after_id, ''))
order by created_at desc, id desc
limit :limit

-- name: conversations_page_created_asc --
select id, name, inputs, api, created_at, updated_at
from conversations
where
    owner = :owner
    and account = :account
    and deleted_at is null
    and (created_at, id) > (coalesce(:after_key, -1), coalesce(:after_id, ''))
order by created_at, id
limit :limit


-- name: open_turn --
-- Within a conversation each turn is created strictly after the one before it, whatever the clock does.
-- Not from a join: SQLite would fill two temporary tables for it.
insert into turns (
    id, conversation, account, owner, app, run, api, parent, status, position, created_at
)
values (
    :id,
    :conversation,
    :account,
    :owner,
    :app,
    :run,
    :api,
    :parent,
    'running',
    coalesce(
        (
            select position
            from turns
            where conversation = :conversation
            order by created_at desc, id desc
            limit 1
        ),
        0
    ) + 1,
    coalesce(
        (
            select case when created_at >= :now then created_at + 1 else :now end
            from turns
            where conversation = :conversation
            order by created_at desc, id desc
            limit 1
        ),
        :now
    )
)

-- name: close_turn --
-- Closing twice keeps the first.  A turn that waits for a person has status 'waiting' and no closed_at.
update turns
set status = :status, closed_at = :closed_at
where id = :id and closed_at is null
returning id

-- name: turn_get :instant --
select id, conversation, account, owner, app, run, api, parent, status, position, created_at, closed_at
from turns
where id = :id

-- name: turn_by_run --
select id, conversation, account, owner, app, run, api, parent, status, position, created_at, closed_at
from turns
where run = :run or id = (select r.turn from resumptions r where r.run = :run)

-- name: turns_page_newest --
-- Newest first.
select id, conversation, run, api, parent, status, position, created_at, closed_at
from turns
where conversation = :conversation
order by created_at desc, id desc
limit :limit

-- name: turns_page_before --
-- Newest first.
select id, conversation, run, api, parent, status, position, created_at, closed_at
from turns
where conversation = :conversation and (created_at, id) < (:before_created, :before_id)
order by created_at desc, id desc
limit :limit

-- name: last_turns_of_conversation --
-- Newest first; turns that ended, for the history that a new question sees.
select id, run, api, status, position, created_at, closed_at
from turns
where conversation = :conversation and closed_at is not null
order by created_at desc, id desc
limit :limit

-- name: open_turns --
-- Oldest first: what a killed server left behind.
select id, conversation, account, owner, app, run, api, parent, status, position, created_at
from turns
where status = 'running'
order by created_at, id

-- name: running_count :instant --
select count(*) as running from turns where account = :account and status = 'running'


-- name: events_of_turn --
select turn, seq, at, kind, body from events where turn = :turn order by seq

-- name: events_of_turns --
-- Without the kinds named; turn by turn, each in its order.
select e.turn, e.seq, e.at, e.kind, e.body
from
    /*sqlite json_each(:turns) t cross join events e on e.turn = t.value */
    /*postgres jsonb_array_elements_text(cast(:turns as jsonb)) t (value) join events e on e.turn = t.value */
where e.kind not in (
    select value from
        /*sqlite json_each(:without) */
        /*postgres jsonb_array_elements_text(cast(:without as jsonb)) without (value) */
)
order by e.turn, e.seq


-- name: events_of_last_turns --
-- Of a conversation's newest turns but one, without the kinds named; oldest turn first, each in its order.
select e.turn, e.seq, e.at, e.kind, e.body
from (
    select id, created_at
    from turns
    where conversation = :conversation and id <> :but
    order by created_at desc, id desc
    limit :limit
) t
/*sqlite cross */ join events e on e.turn = t.id
where e.kind not in (
    select value from
        /*sqlite json_each(:without) */
        /*postgres jsonb_array_elements_text(cast(:without as jsonb)) without (value) */
)
order by t.created_at, t.id, e.seq


-- name: access_key :instant --
-- A key that signs, by its public id; its user may be gone.
select
    k.id,
    k.account,
    k.user_id,
    u.name as user_name,
    k.sealed,
    k.rights,
    k.instances,
    k.revoked_at,
    t.sha256,
    t.expires_at
from keys k
left join users u on u.id = k.user_id
left join key_tokens t on t.key = k.id
where k.hash = 'ram:' || :access_key and k.kind = 'ram'

-- name: key_token_put --
insert into key_tokens (key, sha256, expires_at) values (:key, :digest, :expires_at)

-- name: nonce_put --
-- No row comes back when it was used before.
insert into nonces (key, nonce, until) values (:key, :nonce, :until)
on conflict (key, nonce) do nothing
returning key

-- name: nonces_forget --
delete from nonces where until < :now

-- name: user_name :instant --
select name from users where id = :id and account = :account


-- name: policy_put --
insert into policies (account, name, document, created_at)
values (:account, :name, :document, :now)
on conflict (account, name) do update set document = excluded.document

-- name: policy_get :instant --
select name, document, created_at from policies where account = :account and name = :name

-- name: policies_of_account --
select name, document, created_at from policies where account = :account order by name

-- name: policy_delete --
delete from policies where account = :account and name = :name returning name

-- name: policy_attach --
-- The user is found by name, so that it may be made in the same transaction.
insert into policy_users (account, user_id, policy, created_at)
select account, id, :policy, :now from users where account = :account and name = :user
on conflict (account, user_id, policy) do nothing

-- name: policy_attach_first --
-- Only to a user that has none.
insert into policy_users (account, user_id, policy, created_at)
select u.account, u.id, :policy, :now
from users u
where
    u.account = :account
    and u.name = :user
    and not exists (select 1 from policy_users p where p.account = u.account and p.user_id = u.id)

-- name: policy_detach --
delete from policy_users
where
    account = :account
    and policy = :policy
    and user_id in (select id from users where account = :account and name = :user)
returning policy

-- name: policies_of_user --
select p.policy, d.document
from policy_users p
left join policies d on d.account = p.account and d.name = p.policy
where p.account = :account and p.user_id = :user_id
order by p.policy

-- name: policy_attachments --
select p.policy, u.name as user_name
from policy_users p
join users u on u.id = p.user_id
where p.account = :account
order by p.policy, u.name


-- name: agent_put --
insert into agents (id, account, version, created_at, updated_at) values (:id, :account, 1, :now, :now)

-- name: agent_version_put --
-- No row comes back when another write made this version first.
insert into agent_versions (agent, version, name, prompt, enable_tools, tools, skills, model, thinking, created_at)
values (:agent, :version, :name, :prompt, :enable_tools, :tools, :skills, :model, :thinking, :now)
on conflict (agent, version) do nothing
returning agent

-- name: agent_publish --
update agents set version = :version, updated_at = :now
where id = :id and account = :account and deleted_at is null
returning id

-- name: agent_delete --
update agents set deleted_at = :now where id = :id and account = :account and deleted_at is null returning id

-- name: agent_get :instant --
select a.id, a.version, v.name, v.prompt, v.enable_tools, v.tools, v.skills, v.model, v.thinking, a.created_at, a.updated_at
from agents a
join agent_versions v on v.agent = a.id and v.version = a.version
where a.id = :id and a.account = :account and a.deleted_at is null

-- name: agent_version_get :instant --
-- Also of an agent that was deleted since.
select a.id, v.version, v.name, v.prompt, v.enable_tools, v.tools, v.skills, v.model, v.thinking, a.created_at, a.updated_at
from agents a
join agent_versions v on v.agent = a.id
where a.id = :id and a.account = :account and v.version = :version

-- name: agents_page --
select a.id, a.version, v.name, v.prompt, v.enable_tools, v.tools, v.skills, v.model, v.thinking, a.created_at, a.updated_at
from agents a
join agent_versions v on v.agent = a.id and v.version = a.version
where a.account = :account and a.deleted_at is null
order by a.created_at desc, a.id desc
limit :limit offset :skip

-- name: agents_count --
select count(*) as total from agents where account = :account and deleted_at is null


-- name: skill_put_new --
-- No row comes back when the name is taken.
insert into skills (id, account, name, description, dbtypes, content, created_at, updated_at)
select :id, :account, :name, :description, :dbtypes, :content, :now, :now
where not exists (select 1 from skills where account = :account and name = :name and deleted_at is null)
returning id

-- name: skill_update --
-- No row comes back when there is no such skill, or another one has the name.
update skills
set name = :name, description = :description, dbtypes = :dbtypes, content = :content, updated_at = :now
where
    id = :id
    and account = :account
    and deleted_at is null
    and not exists (
        select 1 from skills other
        where other.account = :account and other.name = :name and other.deleted_at is null and other.id <> :id
    )
returning id

-- name: skill_delete --
update skills set deleted_at = :now where id = :id and account = :account and deleted_at is null returning id

-- name: skills_of_account --
select id, name, description, dbtypes, content, created_at, updated_at
from skills
where account = :account and deleted_at is null
order by created_at desc, id desc

-- name: skill_get :instant --
select id, name, description, dbtypes, content, created_at, updated_at
from skills
where id = :id and account = :account and deleted_at is null


-- name: feedback_put --
insert into feedback (turn, account, owner, rating, content, api, at, created_at)
values (:turn, :account, :owner, :rating, :content, :api, :now, :now)
on conflict (turn) do update set
    rating = excluded.rating, content = excluded.content, api = excluded.api, at = excluded.at

-- name: feedback_delete --
delete from feedback where turn = :turn returning turn

-- name: feedback_of_app --
-- Newest first.
select
    f.turn,
    t.conversation,
    f.owner,
    f.rating,
    f.content,
    f.at,
    coalesce(f.created_at, f.at) as created_at
from feedback f
join turns t on t.id = f.turn
where f.account = :account and t.app = :app
order by coalesce(f.created_at, f.at) desc, f.turn desc
limit :limit offset :skip

-- name: feedback_of_turns --
select f.turn, f.rating, f.content, f.at
from
    /*sqlite json_each(:turns) t join feedback f on f.turn = t.value */
    /*postgres jsonb_array_elements_text(cast(:turns as jsonb)) t (value) join feedback f on f.turn = t.value */


-- name: session_put_new --
-- Keeps the one that is already there; read it with session_get, after the same transaction.
insert into sessions (api, account, owner, session, conversation, created_at)
values (:api, :account, :owner, :session, :conversation, :now)
on conflict (api, account, owner, session) do nothing

-- name: session_get :instant --
select conversation from sessions
where api = :api and account = :account and owner = :owner and session = :session

-- name: sessions_of_conversations --
select s.conversation, s.session
from
    /*sqlite json_each(:conversations) c join sessions s on s.conversation = c.value */
    /*postgres jsonb_array_elements_text(cast(:conversations as jsonb)) c (value)
    join sessions s on s.conversation = c.value */
where s.api = :api

-- name: session_message_put --
-- No row comes back when the conversation has a message of this id.
insert into session_messages (conversation, message) values (:conversation, :message)
on conflict (conversation, message) do nothing
returning message

-- name: session_message_delete --
delete from session_messages where conversation = :conversation and message = :message


-- name: conversation_taken :instant --
-- Also by a deleted one.
select id from conversations where id = :id

-- name: first_events --
select e.turn, e.seq, e.at, e.kind, e.body
from
    /*sqlite json_each(:conversations) c cross join turns t on t.conversation = c.value */
    /*postgres jsonb_array_elements_text(cast(:conversations as jsonb)) c (value)
    join turns t on t.conversation = c.value */
join events e on e.turn = t.id
where t.position = 1 and e.seq = 1

-- name: open_conversations --
select t.conversation, max(t.status) as status
from
    /*sqlite json_each(:conversations) c cross join turns t on t.conversation = c.value */
    /*postgres jsonb_array_elements_text(cast(:conversations as jsonb)) c (value)
    join turns t on t.conversation = c.value */
where t.status in ('running', 'waiting')
group by t.conversation

-- name: turns_above --
-- A turn and those before it along a branch, newest first: the one it names, else the one made before it.
with recursive branch (id, parent, created_at, depth) as (
    select id, parent, created_at, 1 from turns where id = :turn and conversation = :conversation
    union all
    select t.id, t.parent, t.created_at, b.depth + 1
    from branch b
    join turns t on t.conversation = :conversation and t.id = coalesce(
        b.parent,
        (
            select o.id from turns o
            where o.conversation = :conversation and o.created_at < b.created_at
            order by o.created_at desc, o.id desc
            limit 1
        )
    )
    where b.depth < :limit and t.created_at < b.created_at
)
select id, parent, created_at from branch order by created_at desc


-- name: rename_own_conversation --
update conversations
set name = :name, updated_at = case when :now > updated_at then :now else updated_at + 1 end
where id = :id and owner = :owner and account = :account and deleted_at is null
returning id, name, inputs, api, created_at, updated_at

-- name: name_conversation --
-- Only while it has the name that it got from its first question; its place in lists stays.
update conversations set name = :name where id = :id and name = :before and deleted_at is null

-- name: delete_own_conversation --
update conversations set deleted_at = :now
where id = :id and owner = :owner and account = :account and deleted_at is null
returning id

-- name: turn_of_app --
-- By run; not of a deleted conversation.
select t.id, t.conversation, t.account, t.owner, t.app, t.run, t.status, t.created_at, t.closed_at
from turns t
join conversations c on c.id = t.conversation and c.deleted_at is null
where
    (t.run = :run or t.id = (select r.turn from resumptions r where r.run = :run))
    and t.account = :account
    and t.app = :app

-- name: app_get :instant --
select id, account, name, created_at from apps where id = :id and account = :account

-- name: end_user_of_app :instant --
select id, account, app, text, created_at from end_users where id = :id and account = :account and app = :app


-- name: file_put --
insert into files (id, account, app, owner, name, extension, mime, kind, size, created_at)
values (:id, :account, :app, :owner, :name, :extension, :mime, :kind, :size, :now)

-- name: file_get :instant --
select id, account, app, owner, name, extension, mime, kind, size, created_at from files where id = :id

-- name: file_sent --
insert into file_turns (file, turn) values (:file, :turn) on conflict (file, turn) do nothing

-- name: file_was_sent :instant --
select file from file_turns where file = :file limit 1

-- name: files_of_turns --
select ft.turn, f.id, f.owner, f.name, f.extension, f.mime, f.kind, f.size, f.created_at
from
    /*sqlite json_each(:turns) t join file_turns ft on ft.turn = t.value */
    /*postgres jsonb_array_elements_text(cast(:turns as jsonb)) t (value) join file_turns ft on ft.turn = t.value */
join files f on f.id = ft.file
order by ft.turn, f.created_at, f.id


-- name: annotation_put --
insert into annotations (id, account, app, question, answer, hit_count, created_at)
values (:id, :account, :app, :question, :answer, 0, :now)

-- name: annotation_update --
update annotations set question = :question, answer = :answer
where id = :id and account = :account and app = :app
returning id, question, answer, hit_count, created_at

-- name: annotation_delete --
delete from annotations where id = :id and account = :account and app = :app returning id

-- name: annotation_hit --
update annotations set hit_count = hit_count + 1 where id = :id

-- name: annotations_of_app --
select id, question, answer, hit_count, created_at
from annotations
where account = :account and app = :app
order by created_at desc, id desc

-- name: annotation_reply_put --
insert into annotation_replies (app, enabled, threshold) values (:app, :enabled, :threshold)
on conflict (app) do update set enabled = excluded.enabled, threshold = excluded.threshold

-- name: annotation_reply_get :instant --
select enabled, threshold from annotation_replies where app = :app

-- name: annotation_job_put --
insert into annotation_jobs (id, app, action, at) values (:id, :app, :action, :now)

-- name: annotation_job_get :instant --
select id, action, at from annotation_jobs where id = :id and app = :app
