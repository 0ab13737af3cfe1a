-- Statements of the knowledge base that both dialects speak; the same rules as in queries.sql.
-- The word index itself is in search.sqlite.sql.


-- name: dataset_put_new --
-- No row comes back when the id or the name is taken.
insert into datasets (id, account, name, description, settings, created_at, updated_at)
values (:id, :account, :name, :description, :settings, :now, :now)
on conflict do nothing
returning number

-- name: dataset_get :instant --
select number, id, account, name, description, settings, created_at, updated_at
from datasets
where id = :id and account = :account

-- name: datasets_of_account --
select number, id, account, name, description, settings, created_at, updated_at
from datasets
where account = :account
order by created_at desc, id desc

-- name: dataset_update --
update datasets
set name = :name, description = :description, settings = :settings, updated_at = :now
where id = :id and account = :account
returning id

-- name: dataset_delete --
delete from datasets where id = :id and account = :account returning id


-- name: document_put --
insert into documents (
    id, dataset, batch, position, name, words, settings, digest, status, enabled, archived, chars, total,
    created_at, updated_at, details
)
select
    :id, :dataset, :batch, coalesce(max(position), 0) + 1, :name, :words, :settings, :digest, 'waiting', 1, 0,
    :chars, 0, :now, :now, :details
from documents
where dataset = :dataset

-- name: document_renew --
-- A new text for a document; its passages stay findable until the new ones are in.
update documents
set
    batch = :batch, name = :name, words = :words, settings = :settings, digest = :digest, chars = :chars,
    details = :details,
    status = 'waiting', error = null, updated_at = :now, begun_at = null, split_at = null, done_at = null
where id = :id and dataset = :dataset
returning id

-- name: document_text_put --
insert into document_texts (document, text) values (:document, :text)
on conflict (document) do update set text = excluded.text

-- name: document_text :instant --
select text from document_texts where document = :document

-- name: document_get --
select
    id, dataset, batch, position, name, words, settings, digest, status, error, enabled, archived, chars, total,
    created_at, updated_at, begun_at, split_at, done_at, details, metadata, file,
    (select count(*) from segments s where s.document = documents.id and s.staged = 0) as segments,
    (select count(*) from segments s where s.document = documents.id and s.staged = 1) as staged,
    (select coalesce(sum(hits), 0) from segments s where s.document = documents.id) as hits
from documents
where id = :id

-- name: documents_page --
select
    id, dataset, batch, position, name, words, settings, digest, status, error, enabled, archived, chars, total,
    created_at, updated_at, begun_at, split_at, done_at, details, metadata, file,
    (select count(*) from segments s where s.document = documents.id and s.staged = 0) as segments,
    (select count(*) from segments s where s.document = documents.id and s.staged = 1) as staged,
    (select coalesce(sum(hits), 0) from segments s where s.document = documents.id) as hits
from documents
where
    dataset = :dataset and lower(name) like :like escape '!'
    and (:shown = '' or :shown = case
        when status = 'waiting' then 'queuing'
        when status in ('parsing', 'splitting', 'indexing') then 'indexing'
        when status = 'error' then 'error'
        when archived = 1 then 'archived'
        when enabled = 1 then 'available'
        else 'disabled'
    end)
order by position desc
limit :limit offset :skip

-- name: documents_count --
select count(*) as total from documents
where
    dataset = :dataset and lower(name) like :like escape '!'
    and (:shown = '' or :shown = case
        when status = 'waiting' then 'queuing'
        when status in ('parsing', 'splitting', 'indexing') then 'indexing'
        when status = 'error' then 'error'
        when archived = 1 then 'archived'
        when enabled = 1 then 'available'
        else 'disabled'
    end)

-- name: documents_of_batch --
select
    id, dataset, batch, position, name, words, settings, digest, status, error, enabled, archived, chars, total,
    created_at, updated_at, begun_at, split_at, done_at, details, metadata, file,
    (select count(*) from segments s where s.document = documents.id and s.staged = 0) as segments,
    (select count(*) from segments s where s.document = documents.id and s.staged = 1) as staged,
    (select coalesce(sum(hits), 0) from segments s where s.document = documents.id) as hits
from documents
where batch = :batch and dataset = :dataset
order by position

-- name: document_digests --
select id, digest from documents where dataset = :dataset

-- name: dataset_sizes --
select
    dataset, count(*) as documents, coalesce(sum(chars), 0) as chars,
    sum(case when status = 'completed' and enabled = 1 and archived = 0 then 1 else 0 end) as available
from documents
where dataset in (select id from datasets where account = :account)
group by dataset

-- name: document_status --
update documents
set
    status = :status, error = :error, total = coalesce(:total, total),
    begun_at = coalesce(begun_at, :now),
    split_at = case when :status = 'indexing' then :now else split_at end,
    done_at = case when :status in ('completed', 'error') then :now else done_at end
where id = :id and digest = :digest

-- name: document_read --
-- The text that was read from a file, unless the document was replaced meanwhile.
update documents set file = :file, chars = :chars where id = :id and digest = :digest

-- name: document_read_text --
insert into document_texts (document, text)
select id, :text from documents where id = :id and digest = :digest
on conflict (document) do update set text = excluded.text

-- name: document_switch --
update documents
set enabled = :enabled, archived = :archived, details = :details, updated_at = :now
where id = :id
returning id

-- name: document_rename --
update documents set name = :name, details = :details, updated_at = :now where id = :id

-- name: document_metadata_put --
update documents set metadata = :metadata, updated_at = :now where id = :id

-- name: documents_metadata --
-- What the documents of some datasets that may be found are known by.
select id, dataset, name, metadata, details, created_at, updated_at
from documents
where
    enabled = 1 and archived = 0 and dataset in (
        select value from
            /*sqlite json_each(:datasets) */
            /*postgres jsonb_array_elements_text(cast(:datasets as jsonb)) wanted (value) */
    )

-- name: document_delete --
delete from documents where id = :id and dataset = :dataset returning id

-- name: documents_delete --
delete from documents where dataset = :dataset


-- name: index_job_put --
-- Reading a document anew is more than renewing its words.
insert into index_jobs (document, attempts, at, file, kind) values (:document, 0, :now, :file, :kind)
on conflict (document) do update set
    attempts = 0, at = excluded.at,
    file = case when excluded.kind = 'text' then excluded.file else index_jobs.file end,
    kind = case when excluded.kind = 'text' then 'text' else index_jobs.kind end

-- name: index_job_next --
select
    j.document, j.attempts, j.file, j.kind, d.dataset, d.name, d.words, d.settings, d.digest, d.enabled, d.archived
from index_jobs j
join documents d on d.id = j.document
order by j.at, j.document
limit 1

-- name: index_job_begin --
update index_jobs set attempts = attempts + 1 where document = :document returning attempts

-- name: index_job_end --
-- Stays when the document was replaced, or switched, meanwhile.
delete from index_jobs
where
    document = :document and exists (
        select 1 from documents
        where id = :document and digest = :digest and enabled = :enabled and archived = :archived
    )


-- name: segment_put --
insert into segments (
    id, document, dataset, position, heading, text, keywords, enabled, hits, at, created_at, staged, digest, answer
)
values (
    :id, :document, :dataset, :position, :heading, :text, :keywords, 1, 0, :now, :now, :staged, :digest, :answer
)
returning number

-- name: segments_page --
select
    number, id, document, dataset, position, heading, text, keywords, enabled, hits, at, created_at, answer, summary,
    disabled_at
from segments
where
    document = :document and staged = 0 and enabled <> :hidden
    and (:like = '%' or lower(text) like :like escape '!' or lower(coalesce(answer, '')) like :like escape '!')
order by position, number
limit :limit offset :skip

-- name: segments_count --
select count(*) as total from segments
where
    document = :document and staged = 0 and enabled <> :hidden
    and (:like = '%' or lower(text) like :like escape '!' or lower(coalesce(answer, '')) like :like escape '!')

-- name: segment_get :instant --
select
    number, id, document, dataset, position, heading, text, keywords, enabled, hits, at, created_at, answer, summary,
    disabled_at
from segments
where id = :id and document = :document and staged = 0

-- name: segments_of_ids --
select
    number, id, document, dataset, position, heading, text, keywords, enabled, hits, at, created_at, answer, summary,
    disabled_at
from segments
where staged = 0 and id in (
    select value from
        /*sqlite json_each(:ids) */
        /*postgres jsonb_array_elements_text(cast(:ids as jsonb)) wanted (value) */
)

-- name: segment_next_position --
select coalesce(max(position), 0) + 1 as position from segments where document = :document and staged = 0

-- name: segment_update --
update segments
set
    text = :text, answer = :answer, summary = :summary, keywords = :keywords, enabled = :enabled, at = :now,
    disabled_at = :disabled_at, digest = null
where id = :id and document = :document
returning number

-- name: segment_delete --
delete from segments where id = :id

-- name: segments_delete --
delete from segments where document = :document

-- name: segments_delete_of_dataset --
delete from segments where dataset = :dataset

-- name: segment_digests --
-- What is findable of a document now.
select id, digest, position from segments where document = :document and staged = 0 order by position

-- name: segments_staged_delete --
delete from segments where document = :document and staged = 1

-- name: segment_move --
update segments set position = :position where id = :id

-- name: segments_drop --
delete from segments where document = :document and staged = 0 and id in (
    select value from
        /*sqlite json_each(:ids) */
        /*postgres jsonb_array_elements_text(cast(:ids as jsonb)) gone (value) */
)

-- name: segments_publish --
update segments set staged = 0 where document = :document and staged = 1

-- name: segments_hit --
update segments
set hits = hits + 1
where id in (
    select value from
        /*sqlite json_each(:ids) */
        /*postgres jsonb_array_elements_text(cast(:ids as jsonb)) hit (value) */
)

-- name: dataset_number :instant --
select number from datasets where id = :id
