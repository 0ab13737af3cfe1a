-- What was sent to language models and what came back, sealed, for as long as it is kept.

create table model_traffic (
    turn  text not null,
    reply integer not null,
    try   integer not null,
    at    bigint not null,
    model text not null,
    sent  text not null,
    got   text,
    primary key (turn, reply, try)
);

create index model_traffic_by_time on model_traffic (at);
