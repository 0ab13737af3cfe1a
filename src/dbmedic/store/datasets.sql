-- Statements of what keepers of knowledge arrange around it: smaller passages, metadata, tags, apps that read a dataset.


-- name: child_put --
insert into children (id, segment, position, text, made, created_at, updated_at)
values (:id, :segment, :position, :text, :made, :now, :now)

-- name: children_of --
select id, segment, position, text, made, created_at, updated_at
from children
where segment in (
    select value from
        /*sqlite json_each(:segments) */
        /*postgres jsonb_array_elements_text(cast(:segments as jsonb)) wanted (value) */
)
order by segment, position, id

-- name: child_update --
update children set text = :text, made = 'customized', updated_at = :now where id = :id and segment = :segment
returning id

-- name: child_delete --
delete from children where id = :id and segment = :segment returning id

-- name: children_delete --
delete from children where segment = :segment


-- name: metadata_field_put --
insert into metadata_fields (id, dataset, name, kind, created_at) values (:id, :dataset, :name, :kind, :now)
on conflict do nothing
returning id

-- name: metadata_fields_of --
select id, dataset, name, kind from metadata_fields where dataset = :dataset order by created_at, id

-- name: metadata_field_rename --
update metadata_fields set name = :name where id = :id and dataset = :dataset

-- name: metadata_field_delete --
delete from metadata_fields where id = :id and dataset = :dataset returning id


-- name: tag_put --
insert into tags (id, account, name, created_at) values (:id, :account, :name, :now)
on conflict do nothing
returning id

-- name: tags_of_account --
select t.id, t.name, (select count(*) from tag_datasets b where b.tag = t.id) as bound
from tags t
where t.account = :account
order by t.created_at desc, t.id

-- name: tag_rename --
update tags set name = :name where id = :id and account = :account

-- name: tag_delete --
delete from tags where id = :id and account = :account returning id

-- name: tag_bind --
insert into tag_datasets (tag, dataset) values (:tag, :dataset) on conflict do nothing

-- name: tag_unbind --
delete from tag_datasets where tag = :tag and dataset = :dataset

-- name: tags_of_datasets --
select b.dataset, t.id, t.name
from tag_datasets b
join tags t on t.id = b.tag
where t.account = :account
order by t.name, t.id


-- name: app_dataset_put --
insert into app_datasets (app, dataset)
select a.id, d.id from apps a join datasets d on d.account = a.account
where a.account = :account and a.id = :app and d.id = :dataset
on conflict do nothing

-- name: app_dataset_delete --
delete from app_datasets where app = :app and dataset = :dataset returning app

-- name: datasets_of_app --
select d.number, d.id, d.account, d.name, d.description, d.settings, d.created_at, d.updated_at
from app_datasets u
join datasets d on d.id = u.dataset
where u.app = :app and d.account = :account
order by d.created_at, d.id

-- name: apps_of_datasets --
select u.dataset, a.id as app, a.name
from app_datasets u
join datasets d on d.id = u.dataset
join apps a on a.id = u.app
where d.account = :account
order by a.name


-- name: vector_put --
insert into segment_vectors (segment, dataset, model, signs, vector)
values (:segment, :dataset, :model, :signs, :vector)
on conflict (segment) do update set model = excluded.model, signs = excluded.signs, vector = excluded.vector

-- name: vector_delete --
delete from segment_vectors where segment = :segment

-- name: vector_signs --
select v.segment, s.document, v.signs
from segment_vectors v
join segments s on s.id = v.segment
where v.dataset = :dataset and v.model = :model

-- name: vectors_of --
-- Of those that may be found.
select v.segment, v.vector
from segment_vectors v
join segments s on s.id = v.segment
join documents d on d.id = s.document
where
    v.model = :model and s.staged = 0 and s.enabled = 1 and d.enabled = 1 and d.archived = 0 and v.segment in (
        select value from
            /*sqlite json_each(:segments) */
            /*postgres jsonb_array_elements_text(cast(:segments as jsonb)) wanted (value) */
    )

-- name: segments_without_vector --
select s.id, s.dataset, s.text, s.heading
from segments s
left join segment_vectors v on v.segment = s.id and v.model = :model
where s.document = :document and s.staged = 0 and v.segment is null
order by s.position
limit :limit

-- name: documents_without_vectors --
-- What comes with the program is no account's, and is found by its words.
select distinct s.document
from segments s
join documents d on d.id = s.document
join datasets b on b.id = d.dataset
left join segment_vectors v on v.segment = s.id and v.model = :model
where s.staged = 0 and b.account <> '' and d.status = 'completed' and v.segment is null
limit :limit


-- name: file_delete --
-- Not one that was part of a message.
delete from files
where id = :file and not exists (select 1 from file_turns where file = :file)
returning id

-- name: document_files --
select file, details from documents where dataset = :dataset and file is not null
