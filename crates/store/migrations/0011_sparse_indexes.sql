-- Most accounts are not due, do not fail and have no removal ahead, and a new one has no name and no id yet: the indexes hold
-- only those that are looked for, so that each settlement writes to fewer of them.
DROP INDEX account_remote;
CREATE UNIQUE INDEX account_remote ON account (endpoint_key, remote_id) WHERE remote_id IS NOT NULL;
DROP INDEX account_matching;
CREATE INDEX account_matching ON account (connection_id, matching) WHERE matching IS NOT NULL;
DROP INDEX account_due;
CREATE INDEX account_due ON account (connection_id, due_at, user_id) WHERE due_at IS NOT NULL;
DROP INDEX account_removal;
CREATE INDEX account_removal ON account (connection_id, removal_at, user_id) WHERE removal_at IS NOT NULL;
DROP INDEX account_failing;
CREATE INDEX account_failing ON account (connection_id, user_id) WHERE failing = 1;
