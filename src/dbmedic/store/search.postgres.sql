-- The word index on PostgreSQL: the same words as on SQLite (knowledge/tokens.py), as lexemes, without a dictionary.
--
-- A row holds the words of a passage with their places, those of its heading as weight A.  A search comes as for FTS5,
-- {title body}: ("d1_word" OR "d1_other"); only the words in quotes are taken.


-- name: words_put --
insert into segment_words (number, words)
select
    s.number,
    coalesce((
        select string_agg(quote_literal(w.word) || ':' || least(w.place, 16383) || 'A', ' ')
        from regexp_split_to_table(cast(:title as text), ' +') with ordinality w (word, place)
        where w.word <> ''
    ), '')::tsvector
    || coalesce((
        select string_agg(quote_literal(w.word) || ':' || least(w.place, 16383) || 'B', ' ')
        from regexp_split_to_table(cast(:body as text), ' +') with ordinality w (word, place)
        where w.word <> ''
    ), '')::tsvector
from segments s
where s.id = :id
on conflict (number) do update set words = excluded.words

-- name: words_delete_of_segment --
delete from segment_words where number in (select number from segments where id = :id)

-- name: words_delete_of_document --
delete from segment_words where number in (select number from segments where document = :document)

-- name: words_delete_of_dataset --
delete from segment_words where number in (select number from segments where dataset = :dataset)

-- name: words_delete_of_segments --
delete from segment_words where number in (
    select number from segments
    where document = :document and staged = 0 and id in (
        select value from jsonb_array_elements_text(cast(:ids as jsonb)) wanted (value)
    )
)

-- name: words_delete_of_staged --
delete from segment_words where number in (select number from segments where document = :document and staged = 1)

-- name: words_known --
-- In how many passages each word stands; counting a common one takes long.
select w.value as term, count(*) as rows
from jsonb_array_elements_text(cast(:words as jsonb)) w (value)
join segment_words s on s.words @@ quote_literal(w.value)::tsquery
group by w.value

-- name: words_search --
-- A rare word counts for more than a common one, a word of the heading for more than one of the text.
with picked as materialized (
    select p.word, ln(1 + (select count(*) + 1 from segment_words) / (1.0 + (
        select count(*) from segment_words c where c.words @@ quote_literal(p.word)::tsquery
    ))) as worth
    from (select distinct m[1] as word from regexp_matches(cast(:match as text), '"([^"]+)"', 'g') m) p
)
select
    s.id, s.document, s.position, s.heading, s.text, s.answer, s.keywords, d.name, d.words, d.settings, d.dataset,
    b.name as library, f.score,
    (select string_agg(c.text, ' ') from children c where c.segment = s.id) as inner_text
from (
    select
        i.number,
        -(
            select sum(p.worth * ts_rank('{0, 0, 0.4, 1}', i.words, quote_literal(p.word)::tsquery)) from picked p
        ) as score
    from segment_words i
    where i.words @@ (select string_agg(quote_literal(word), '|')::tsquery from picked)
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
with picked as materialized (
    select p.word, ln(1 + (select count(*) + 1 from segment_words) / (1.0 + (
        select count(*) from segment_words c where c.words @@ quote_literal(p.word)::tsquery
    ))) as worth
    from (select distinct m[1] as word from regexp_matches(cast(:match as text), '"([^"]+)"', 'g') m) p
)
select
    s.id, s.document, s.position, s.heading, s.text, s.answer, s.keywords, d.name, d.words, d.settings, d.dataset,
    b.name as library,
    -(select sum(p.worth * ts_rank('{0, 0, 0.4, 1}', i.words, quote_literal(p.word)::tsquery)) from picked p) as score,
    (select string_agg(c.text, ' ') from children c where c.segment = s.id) as inner_text
from segment_words i
join segments s on s.number = i.number
join documents d on d.id = s.document
join datasets b on b.id = d.dataset
where
    i.words @@ (select string_agg(quote_literal(word), '|')::tsquery from picked) and s.staged = 0
    and s.document in (select value from jsonb_array_elements_text(cast(:documents as jsonb)) wanted (value))
order by score
limit :limit
