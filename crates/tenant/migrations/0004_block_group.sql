CREATE TABLE tenant_block_group (
    kind BIGINT NOT NULL,
    block_group BIGINT NOT NULL,
    resources BIGINT NOT NULL,
    active BIGINT NOT NULL,
    PRIMARY KEY (kind, block_group)
);
INSERT INTO tenant_block_group (kind, block_group, resources, active)
    SELECT kind, block / 64, CAST(sum(resources) AS BIGINT), CAST(sum(active) AS BIGINT) FROM tenant_block GROUP BY kind, block / 64;
