ALTER TABLE tenant_group ADD COLUMN claimed_name {binary_text};
CREATE UNIQUE INDEX tenant_group_claimed_name ON tenant_group (claimed_name);
