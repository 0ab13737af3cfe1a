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
