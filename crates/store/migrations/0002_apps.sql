CREATE TABLE app (
    id BIGINT PRIMARY KEY,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    catalogue TEXT NOT NULL,
    sso TEXT,
    access TEXT NOT NULL,
    revision BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX app_name ON app (name_key);

CREATE TABLE connection (
    id BIGINT PRIMARY KEY,
    app_id BIGINT NOT NULL,
    endpoint_key TEXT NOT NULL,
    credential TEXT,
    credential_set_at BIGINT,
    config TEXT NOT NULL,
    status TEXT NOT NULL,
    halt TEXT,
    revision BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    last_pass_at BIGINT
);
CREATE UNIQUE INDEX connection_app ON connection (app_id);
CREATE UNIQUE INDEX connection_endpoint ON connection (endpoint_key);

CREATE TABLE account (
    connection_id BIGINT NOT NULL,
    user_id BIGINT NOT NULL,
    email TEXT NOT NULL,
    state TEXT NOT NULL,
    remote_id TEXT,
    endpoint_key TEXT,
    matching TEXT,
    applied TEXT,
    app_off_since BIGINT,
    suspended_since BIGINT,
    deleted_since BIGINT,
    removal_kind TEXT,
    removal_trigger TEXT,
    removal_since BIGINT,
    removal_at BIGINT,
    intent TEXT,
    failure TEXT,
    failing BIGINT NOT NULL,
    due_at BIGINT,
    marked BIGINT NOT NULL,
    marked_at BIGINT NOT NULL,
    entitlement_marked_at BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    PRIMARY KEY (connection_id, user_id)
);
CREATE UNIQUE INDEX account_remote ON account (endpoint_key, remote_id);
CREATE INDEX account_matching ON account (connection_id, matching);
CREATE INDEX account_due ON account (connection_id, due_at);
CREATE INDEX account_removal ON account (connection_id, removal_at);
CREATE INDEX account_failing ON account (connection_id, failing);
CREATE INDEX account_marked ON account (connection_id, marked_at);
CREATE INDEX account_user ON account (user_id);

CREATE TABLE sweep (
    id BIGINT PRIMARY KEY,
    connection_id BIGINT,
    kind TEXT NOT NULL,
    target_id BIGINT,
    after_user BIGINT NOT NULL,
    marked_at BIGINT NOT NULL
);

CREATE TABLE removal_hold (
    id BIGINT PRIMARY KEY,
    connection_id BIGINT NOT NULL,
    kind TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    hold TEXT NOT NULL
);
CREATE UNIQUE INDEX removal_hold_kind ON removal_hold (connection_id, kind);

CREATE TABLE removal_approval (
    connection_id BIGINT NOT NULL,
    user_id BIGINT NOT NULL,
    removal_kind TEXT NOT NULL,
    removal_trigger TEXT NOT NULL,
    removal_since BIGINT NOT NULL,
    verdict TEXT NOT NULL,
    decided_by TEXT NOT NULL,
    decided_at BIGINT NOT NULL,
    PRIMARY KEY (connection_id, user_id, removal_kind, removal_trigger, removal_since)
);

CREATE TABLE connection_test (
    id BIGINT PRIMARY KEY,
    app_id BIGINT NOT NULL,
    catalogue TEXT NOT NULL,
    endpoint TEXT NOT NULL,
    credential TEXT,
    requested_at BIGINT NOT NULL,
    result TEXT,
    answered_at BIGINT
);
