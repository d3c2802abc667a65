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
    position {integer_key},
    id {binary_text} NOT NULL,
    user_name TEXT NOT NULL,
    user_name_key {binary_text} NOT NULL,
    external_id TEXT,
    external_id_key {binary_text} NOT NULL,
    display_name_key {binary_text} NOT NULL,
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
CREATE INDEX tenant_user_living ON tenant_user (position, deleted_at) WHERE deleted_at IS NULL;
CREATE INDEX tenant_user_external_id ON tenant_user (external_id_key, position) WHERE deleted_at IS NULL;
CREATE INDEX tenant_user_display_name ON tenant_user (display_name_key, position, deleted_at) WHERE deleted_at IS NULL;
CREATE INDEX tenant_user_created ON tenant_user (created_at, position, deleted_at) WHERE deleted_at IS NULL;
CREATE INDEX tenant_user_modified ON tenant_user (modified_at, position, deleted_at) WHERE deleted_at IS NULL;
CREATE TABLE tenant_user_email (
    address {binary_text} NOT NULL,
    user_position BIGINT NOT NULL
);
CREATE INDEX tenant_user_email_address ON tenant_user_email (address, user_position);
CREATE TABLE tenant_group (
    position {integer_key},
    id {binary_text} NOT NULL,
    display_name TEXT NOT NULL,
    display_name_key {binary_text} NOT NULL,
    external_id_key {binary_text} NOT NULL,
    body TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    modified_at BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    member_count BIGINT NOT NULL
);
CREATE UNIQUE INDEX tenant_group_id ON tenant_group (id);
CREATE INDEX tenant_group_display_name ON tenant_group (display_name_key, position);
CREATE INDEX tenant_group_external_id ON tenant_group (external_id_key, position);
CREATE INDEX tenant_group_created ON tenant_group (created_at, position);
CREATE INDEX tenant_group_modified ON tenant_group (modified_at, position);
CREATE TABLE tenant_group_member (
    group_position BIGINT NOT NULL,
    member_kind BIGINT NOT NULL,
    member_position BIGINT NOT NULL,
    PRIMARY KEY (group_position, member_kind, member_position)
);
CREATE INDEX tenant_group_member_of ON tenant_group_member (member_kind, member_position);
CREATE TABLE tenant_block (
    kind BIGINT NOT NULL,
    block BIGINT NOT NULL,
    resources BIGINT NOT NULL,
    active BIGINT NOT NULL,
    PRIMARY KEY (kind, block)
);
CREATE TABLE tenant_sequence (
    kind BIGINT PRIMARY KEY,
    next_position BIGINT NOT NULL
);
INSERT INTO tenant_sequence (kind, next_position) VALUES (0, 1), (1, 1);
