CREATE TABLE tenant_admin (
    id BIGINT PRIMARY KEY,
    email TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    last_sign_in_at BIGINT
);
CREATE UNIQUE INDEX tenant_admin_email ON tenant_admin (email);
CREATE TABLE tenant_token (
    id BIGINT PRIMARY KEY,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    secret_hash {blob} NOT NULL,
    grants TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    created_by TEXT,
    expires_at BIGINT NOT NULL,
    revoked_at BIGINT,
    last_used_at BIGINT,
    revision BIGINT NOT NULL
);
CREATE UNIQUE INDEX tenant_token_name ON tenant_token (name_key);
CREATE UNIQUE INDEX tenant_token_secret ON tenant_token (secret_hash);
CREATE TABLE tenant_setting (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
);
CREATE TABLE tenant_user (
    position BIGINT PRIMARY KEY,
    id TEXT NOT NULL,
    user_name TEXT NOT NULL,
    user_name_key TEXT NOT NULL,
    external_id TEXT,
    active BIGINT NOT NULL,
    search TEXT NOT NULL,
    body TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    modified_at BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    deleted_at BIGINT
);
CREATE UNIQUE INDEX tenant_user_id ON tenant_user (id);
CREATE UNIQUE INDEX tenant_user_name ON tenant_user (user_name_key) WHERE deleted_at IS NULL;
CREATE INDEX tenant_user_living ON tenant_user (position) WHERE deleted_at IS NULL;
CREATE INDEX tenant_user_external_id ON tenant_user (external_id) WHERE deleted_at IS NULL;
CREATE TABLE tenant_group (
    position BIGINT PRIMARY KEY,
    id TEXT NOT NULL,
    display_name TEXT NOT NULL,
    display_name_key TEXT NOT NULL,
    body TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    modified_at BIGINT NOT NULL,
    revision BIGINT NOT NULL
);
CREATE UNIQUE INDEX tenant_group_id ON tenant_group (id);
CREATE UNIQUE INDEX tenant_group_display_name ON tenant_group (display_name_key);
CREATE TABLE tenant_group_member (
    group_position BIGINT NOT NULL,
    user_position BIGINT NOT NULL,
    PRIMARY KEY (group_position, user_position)
);
CREATE INDEX tenant_group_member_user ON tenant_group_member (user_position);
