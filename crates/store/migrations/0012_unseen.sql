-- 1: a change that can touch who is entitled was marked, and nobody has decided on the account since. Its clocks have to be
-- looked at, also while nothing can be sent.
ALTER TABLE account ADD COLUMN unseen BIGINT NOT NULL DEFAULT 0;
UPDATE account SET unseen = 1 WHERE due_at IS NOT NULL AND (remote_id IS NOT NULL OR intent IS NOT NULL);
CREATE INDEX account_unseen ON account (connection_id, user_id) WHERE unseen = 1;
