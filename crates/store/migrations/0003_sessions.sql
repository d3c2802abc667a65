CREATE TABLE web_session (
    token_hash {blob} PRIMARY KEY,
    subject TEXT NOT NULL,
    csrf TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL
);
CREATE INDEX web_session_subject ON web_session (subject);
