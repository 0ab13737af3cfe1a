-- What was sent to language models and what came back.


-- name: traffic_put --
insert into model_traffic (turn, reply, try, at, model, sent, sent_sealed, got_sealed)
values (:turn, :reply, :try, :at, :model, '', :sent, :got)
on conflict (turn, reply, try) do update
set
    at = excluded.at,
    model = excluded.model,
    sent = '',
    got = null,
    sent_sealed = excluded.sent_sealed,
    got_sealed = excluded.got_sealed

-- name: traffic_got --
update model_traffic set got_sealed = :got where turn = :turn and reply = :reply and try = :try

-- name: traffic_of_turn --
-- `sent` and `got` are the texts of rows that were written before there were bytes.
select reply, try, at, model, sent, got, sent_sealed, got_sealed
from model_traffic
where turn = :turn
order by reply, try

-- name: traffic_forget --
-- What is older; and what belongs to conversations that were deleted.
delete from model_traffic
where at < :before
    or turn in (
        select t.id from turns t join conversations c on c.id = t.conversation
        where c.deleted_at is not null and c.deleted_at >= :before
    )
