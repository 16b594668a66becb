-- Two roles. The owner (whoever migrates) runs the publishing machine over all workspaces. outpost_app is what a
-- person's or a key's request runs as: row-level security holds it inside one workspace. The tables are not FORCEd:
-- ownership is how the machine gets by, and a superuser would pass FORCE anyway.
do $$
begin
  create role outpost_app nologin nosuperuser nobypassrls;
exception
  when duplicate_object or unique_violation then null;
end
$$;

do $$
begin
  execute format('grant outpost_app to %I', current_user);
  execute format('grant usage on schema %I to outpost_app', current_schema());
end
$$;

create table users (
  id uuid primary key,
  email text not null,
  name text not null,
  password_hash text not null,
  timezone text not null,
  is_operator boolean not null default false,
  created_at timestamptz not null default now()
);
create unique index users_email on users (lower(email));
-- At most one operator comes from an empty installation, however many register at the same moment.
create unique index users_one_operator on users (is_operator) where is_operator;

create table sessions (
  -- SHA-256 of what the cookie carries: a stolen table opens no session.
  id text primary key,
  user_id uuid not null references users on delete cascade,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null
);
create index sessions_user on sessions (user_id);
create index sessions_expiry on sessions (expires_at);
