-- Published versions of apps, and files as a conversation or a person has them.  Idiom and dialects: see queries.sql.

-- name: app_version_put --
-- No row comes back when another write made this version first.
insert into app_versions (app, number, agent, agent_version, opening, form, created_at)
values (:app, :number, :agent, :agent_version, :opening, :form, :now)
on conflict (app, number) do nothing
returning number

-- name: app_version_newest :instant --
select v.app, v.number, v.agent, v.agent_version, v.opening, v.form, v.created_at
from app_versions v
join apps a on a.id = v.app
where v.app = :app and a.account = :account
order by v.number desc
limit 1

-- name: app_versions_of --
select v.app, v.number, v.agent, v.agent_version, v.opening, v.form, v.created_at
from app_versions v
join apps a on a.id = v.app
where v.app = :app and a.account = :account
order by v.number desc

-- name: turns_before :instant --
select count(*) as total from turns where conversation = :conversation

-- name: files_of_conversation --
-- Files that were sent in it, the newest first.
select distinct f.id, f.owner, f.name, f.extension, f.mime, f.kind, f.size, f.created_at
from turns t
join file_turns ft on ft.turn = t.id
join files f on f.id = ft.file
where t.conversation = :conversation and f.owner = :owner and f.account = :account
order by f.created_at desc, f.id
limit :limit

-- name: files_size_of :instant --
select coalesce(sum(size), 0) as size from files where account = :account and owner = :owner
