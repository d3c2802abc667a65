-- The state of a user as a word, which follows from the dates. The users of one state, and those of one org unit in one state, are each a
-- range of an index, in the order of their addresses.
ALTER TABLE directory_user ADD COLUMN state TEXT GENERATED ALWAYS AS (
    CASE WHEN deleted_since IS NOT NULL THEN 'deleted' WHEN archived_since IS NOT NULL THEN 'archived'
        WHEN suspended_since IS NOT NULL THEN 'suspended' ELSE 'active' END
) {generated};
CREATE INDEX directory_user_state ON directory_user (state, primary_email, id);
DROP INDEX directory_user_org_unit;
CREATE INDEX directory_user_org_unit ON directory_user (org_unit_id, state, primary_email, id);
DROP INDEX directory_user_any_email;
DROP INDEX directory_user_suspended;
DROP INDEX directory_user_archived;
-- How many users stand in each org unit in each state, kept by every change of a user: nobody has to be counted.
CREATE TABLE directory_user_count (
    org_unit_id BIGINT NOT NULL,
    state TEXT NOT NULL,
    users BIGINT NOT NULL,
    PRIMARY KEY (org_unit_id, state)
){clustered};
INSERT INTO directory_user_count (org_unit_id, state, users)
    SELECT org_unit_id, state, count(*) FROM directory_user GROUP BY org_unit_id, state;
-- How many accounts each app holds in each state, kept by every settlement; and those that we suspended, by user.
CREATE TABLE account_count (
    connection_id BIGINT NOT NULL,
    state TEXT NOT NULL,
    accounts BIGINT NOT NULL,
    PRIMARY KEY (connection_id, state)
){clustered};
INSERT INTO account_count (connection_id, state, accounts)
    SELECT connection_id, state, count(*) FROM account WHERE remote_id IS NOT NULL GROUP BY connection_id, state;
DROP INDEX account_present;
CREATE INDEX account_suspended ON account (connection_id, user_id) WHERE state = 'suspended';
