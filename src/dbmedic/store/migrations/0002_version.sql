-- Counts every change of who may speak and what is watched, by any process: whoever caches these compares it.

/*sqlite
create trigger accounts_insert_counts after insert on accounts begin update meta set value = value + 1 where name = 'version'; end;
create trigger accounts_update_counts after update on accounts begin update meta set value = value + 1 where name = 'version'; end;
create trigger accounts_delete_counts after delete on accounts begin update meta set value = value + 1 where name = 'version'; end;
*/

/*sqlite
create trigger users_insert_counts after insert on users begin update meta set value = value + 1 where name = 'version'; end;
create trigger users_update_counts after update on users begin update meta set value = value + 1 where name = 'version'; end;
create trigger users_delete_counts after delete on users begin update meta set value = value + 1 where name = 'version'; end;
*/

/*sqlite
create trigger apps_insert_counts after insert on apps begin update meta set value = value + 1 where name = 'version'; end;
create trigger apps_update_counts after update on apps begin update meta set value = value + 1 where name = 'version'; end;
create trigger apps_delete_counts after delete on apps begin update meta set value = value + 1 where name = 'version'; end;
*/

/*sqlite
create trigger keys_insert_counts after insert on keys begin update meta set value = value + 1 where name = 'version'; end;
create trigger keys_update_counts after update on keys begin update meta set value = value + 1 where name = 'version'; end;
create trigger keys_delete_counts after delete on keys begin update meta set value = value + 1 where name = 'version'; end;
*/

/*sqlite
create trigger instances_insert_counts after insert on instances begin update meta set value = value + 1 where name = 'version'; end;
create trigger instances_update_counts after update on instances begin update meta set value = value + 1 where name = 'version'; end;
create trigger instances_delete_counts after delete on instances begin update meta set value = value + 1 where name = 'version'; end;
*/

/*postgres
create function dbmedic_counts() returns trigger language plpgsql as $$
begin
    update meta set value = value + 1 where name = 'version';
    notify dbmedic_version;
    return null;
end
$$;
*/

/*postgres
create trigger accounts_counts after insert or update or delete on accounts for each row execute function dbmedic_counts();
create trigger users_counts after insert or update or delete on users for each row execute function dbmedic_counts();
create trigger apps_counts after insert or update or delete on apps for each row execute function dbmedic_counts();
create trigger keys_counts after insert or update or delete on keys for each row execute function dbmedic_counts();
create trigger instances_counts after insert or update or delete on instances for each row execute function dbmedic_counts();
*/
