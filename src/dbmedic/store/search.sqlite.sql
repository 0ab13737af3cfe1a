-- The word index on SQLite: FTS5 without the text, which stands in `segments`.
--
-- A row holds the words of a passage as knowledge/tokens.py makes them, each with its dataset in front; `place` is not
-- used.  What must not be found (switched off, archived) is not in the index.


-- name: words_put --
insert into segment_words (rowid, place, title, body)
select number, '', :title, :body from segments where id = :id

-- name: words_delete_of_segment --
delete from segment_words where rowid in (select number from segments where id = :id)

-- name: words_delete_of_document --
delete from segment_words where rowid in (select number from segments where document = :document)

-- name: words_delete_of_dataset --
delete from segment_words where rowid in (select number from segments where dataset = :dataset)

-- name: words_delete_of_segments --
delete from segment_words where rowid in (
    select number from segments
    where document = :document and staged = 0 and id in (select value from json_each(:ids))
)

-- name: words_delete_of_staged --
delete from segment_words where rowid in (select number from segments where document = :document and staged = 1)

-- name: words_known --
-- In how many passages each word stands; counting a common one takes long.
select v.term, v.doc as rows
from json_each(:words) w
cross join segment_vocabulary v on v.term = w.value

-- name: words_search --
select
    s.id, s.document, s.position, s.heading, s.text, s.answer, s.keywords, d.name, d.words, d.settings, d.dataset,
    b.name as library, f.score,
    (select group_concat(c.text, ' ') from children c where c.segment = s.id) as inner_text
from (
    select rowid as number, bm25(segment_words, 0.0, 2.5, 1.0) as score
    from segment_words
    where segment_words match :match
    order by score
    limit :limit
) f
join segments s on s.number = f.number
join documents d on d.id = s.document
join datasets b on b.id = d.dataset
where s.staged = 0
order by f.score

-- name: words_search_within --
-- The same among some documents alone.
select
    s.id, s.document, s.position, s.heading, s.text, s.answer, s.keywords, d.name, d.words, d.settings, d.dataset,
    b.name as library, bm25(segment_words, 0.0, 2.5, 1.0) as score,
    (select group_concat(c.text, ' ') from children c where c.segment = s.id) as inner_text
from segment_words
join segments s on s.number = segment_words.rowid
join documents d on d.id = s.document
join datasets b on b.id = d.dataset
where
    segment_words match :match and s.staged = 0
    and s.document in (select value from json_each(:documents))
order by score
limit :limit
