-- What a turn asks for each time is counted as well, so that it can be remembered: published versions of apps, and
-- whether annotations answer.

/*sqlite
create trigger app_versions_insert_counts after insert on app_versions begin update meta set value = value + 1 where name = 'version'; end;
create trigger app_versions_update_counts after update on app_versions begin update meta set value = value + 1 where name = 'version'; end;
create trigger app_versions_delete_counts after delete on app_versions begin update meta set value = value + 1 where name = 'version'; end;
create trigger annotation_replies_insert_counts after insert on annotation_replies begin update meta set value = value + 1 where name = 'version'; end;
create trigger annotation_replies_update_counts after update on annotation_replies begin update meta set value = value + 1 where name = 'version'; end;
create trigger annotation_replies_delete_counts after delete on annotation_replies begin update meta set value = value + 1 where name = 'version'; end;
*/

/*postgres
create trigger app_versions_counts after insert or update or delete on app_versions for each row execute function dbmedic_counts();
create trigger annotation_replies_counts after insert or update or delete on annotation_replies for each row execute function dbmedic_counts();
*/
