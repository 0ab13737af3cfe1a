-- The record of model traffic as bytes: no text to make of them, a quarter less to write.  `sent` is empty then.

alter table model_traffic add column sent_sealed /*sqlite blob */ /*postgres bytea */;
alter table model_traffic add column got_sealed /*sqlite blob */ /*postgres bytea */;
