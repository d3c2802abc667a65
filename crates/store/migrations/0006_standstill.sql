-- What holds every removal of a connection, whoever is due.
CREATE TABLE standstill (
    connection_id BIGINT NOT NULL,
    reason TEXT NOT NULL,
    message TEXT NOT NULL,
    since BIGINT NOT NULL,
    measured BIGINT NOT NULL,
    confirmed BIGINT,
    PRIMARY KEY (connection_id, reason)
);
