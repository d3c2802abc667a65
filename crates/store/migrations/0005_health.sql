CREATE TABLE connection_health (
    connection_id BIGINT PRIMARY KEY,
    paused_until BIGINT,
    outcomes TEXT,
    quarantined_since BIGINT,
    probes BIGINT NOT NULL,
    next_probe_at BIGINT,
    message TEXT
);
