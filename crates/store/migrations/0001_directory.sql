CREATE TABLE org_unit (
    id BIGINT PRIMARY KEY,
    parent_id BIGINT,
    name TEXT NOT NULL,
    path TEXT NOT NULL,
    path_key TEXT NOT NULL
);
CREATE UNIQUE INDEX org_unit_path ON org_unit (path_key);
CREATE INDEX org_unit_parent ON org_unit (parent_id);

CREATE TABLE domain (
    id BIGINT PRIMARY KEY,
    name TEXT NOT NULL,
    kind TEXT NOT NULL
);
CREATE UNIQUE INDEX domain_name ON domain (name);

CREATE TABLE directory_user (
    id BIGINT PRIMARY KEY,
    primary_email TEXT NOT NULL,
    given_name TEXT NOT NULL,
    family_name TEXT NOT NULL,
    org_unit_id BIGINT NOT NULL,
    suspended_since BIGINT,
    suspension_reason TEXT,
    archived_since BIGINT,
    unarchived_at BIGINT,
    deleted_since BIGINT,
    attributes TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    revision BIGINT NOT NULL
);
CREATE UNIQUE INDEX directory_user_email ON directory_user (primary_email) WHERE deleted_since IS NULL;
CREATE INDEX directory_user_any_email ON directory_user (primary_email, id);
CREATE INDEX directory_user_org_unit ON directory_user (org_unit_id);
-- Partial: a full index here would be chosen for "deleted_since IS NULL", which is nearly everybody.
CREATE INDEX directory_user_deleted ON directory_user (deleted_since) WHERE deleted_since IS NOT NULL;

CREATE TABLE directory_group (
    id BIGINT PRIMARY KEY,
    email TEXT NOT NULL,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    deleted_since BIGINT,
    revision BIGINT NOT NULL
);
CREATE UNIQUE INDEX directory_group_email ON directory_group (email) WHERE deleted_since IS NULL;

CREATE TABLE group_member (
    group_id BIGINT NOT NULL,
    member_key TEXT NOT NULL,
    user_id BIGINT,
    nested_id BIGINT,
    outside_email TEXT,
    role TEXT NOT NULL,
    PRIMARY KEY (group_id, member_key)
);
CREATE INDEX group_member_user ON group_member (user_id);
CREATE INDEX group_member_nested ON group_member (nested_id);
CREATE INDEX group_member_outside ON group_member (outside_email);

CREATE TABLE admin (
    id BIGINT PRIMARY KEY,
    email TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    role TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    disabled_since BIGINT,
    last_login_at BIGINT
);
CREATE UNIQUE INDEX admin_email ON admin (email);

CREATE TABLE api_key (
    id BIGINT PRIMARY KEY,
    name TEXT NOT NULL,
    key_hash {blob} NOT NULL,
    role TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT,
    revoked_at BIGINT
);
CREATE UNIQUE INDEX api_key_name ON api_key (name);
CREATE UNIQUE INDEX api_key_hash ON api_key (key_hash);

CREATE TABLE setting (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE log_event (
    id BIGINT PRIMARY KEY,
    at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    name TEXT NOT NULL,
    user_id BIGINT,
    user_email TEXT,
    app_id BIGINT,
    connection_id BIGINT,
    detail TEXT NOT NULL
);
CREATE INDEX log_event_at ON log_event (at);
CREATE INDEX log_event_connection ON log_event (connection_id, name, at);
CREATE INDEX log_event_user ON log_event (user_id, at);
