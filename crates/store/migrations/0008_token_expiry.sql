-- When the access token of a connection ends, as an administrator has said, and the last warning given (days before it).
CREATE TABLE token_expiry (
    connection_id BIGINT PRIMARY KEY,
    expires_at BIGINT NOT NULL,
    warned BIGINT
);
