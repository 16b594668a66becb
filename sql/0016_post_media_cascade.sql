-- Asked at the commit: an erased workspace takes its posts and their files along, in any order.
alter table post_media drop constraint post_media_workspace_id_media_id_fkey;
alter table post_media add foreign key (workspace_id, media_id) references media (workspace_id, id)
  deferrable initially deferred;
