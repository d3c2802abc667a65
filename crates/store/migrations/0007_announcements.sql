-- What the app of a connection announces of itself, as it was last read.
CREATE TABLE app_announcement (
    connection_id BIGINT PRIMARY KEY,
    endpoint_key TEXT NOT NULL,
    read_at BIGINT NOT NULL,
    announced TEXT,
    message TEXT
);

-- The version of the app's account as last seen (RFC 7644 section 3.14).
ALTER TABLE account ADD COLUMN version TEXT;
