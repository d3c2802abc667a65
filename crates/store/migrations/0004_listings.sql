CREATE TABLE app_listing (
    id BIGINT PRIMARY KEY,
    connection_id BIGINT NOT NULL,
    purpose TEXT NOT NULL,
    drift_rule TEXT NOT NULL,
    state TEXT NOT NULL,
    requested_by TEXT NOT NULL,
    requested_at BIGINT NOT NULL,
    started_at BIGINT,
    finished_at BIGINT,
    place TEXT,
    pages BIGINT NOT NULL,
    listed BIGINT NOT NULL,
    steady BIGINT NOT NULL,
    message TEXT,
    counts TEXT
);
CREATE INDEX app_listing_connection ON app_listing (connection_id, id);

CREATE TABLE remote_account (
    connection_id BIGINT NOT NULL,
    remote_id TEXT NOT NULL,
    matching TEXT,
    name TEXT NOT NULL,
    external_id TEXT,
    active BIGINT NOT NULL,
    managed TEXT NOT NULL,
    first_listing_id BIGINT NOT NULL,
    listing_id BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    PRIMARY KEY (connection_id, remote_id)
);
CREATE INDEX remote_account_matching ON remote_account (connection_id, matching);
CREATE INDEX remote_account_listing ON remote_account (connection_id, listing_id);

CREATE TABLE drift_difference (
    connection_id BIGINT NOT NULL,
    user_id BIGINT NOT NULL,
    remote_id TEXT NOT NULL,
    listing_id BIGINT NOT NULL,
    email TEXT NOT NULL,
    kind TEXT NOT NULL,
    changes TEXT NOT NULL,
    action TEXT NOT NULL,
    found_at BIGINT NOT NULL,
    PRIMARY KEY (connection_id, user_id)
);

ALTER TABLE account ADD COLUMN seen_listing_id BIGINT;
