-- What was sent to language models and what came back.


-- name: traffic_put --
insert into model_traffic (turn, reply, try, at, model, sent) values (:turn, :reply, :try, :at, :model, :sent)
on conflict (turn, reply, try) do update set at = excluded.at, model = excluded.model, sent = excluded.sent, got = null

-- name: traffic_got --
update model_traffic set got = :got where turn = :turn and reply = :reply and try = :try

-- name: traffic_of_turn --
select reply, try, at, model, sent, got from model_traffic where turn = :turn order by reply, try

-- name: traffic_forget --
-- What is older; and what belongs to conversations that were deleted.
delete from model_traffic
where at < :before
    or turn in (
        select t.id from turns t join conversations c on c.id = t.conversation
        where c.deleted_at is not null and c.deleted_at >= :before
    )
