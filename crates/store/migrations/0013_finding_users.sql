-- The words by which users are found as one types. The words of users who are there already are made in the background, from the
-- first one on; while there is a row in directory_word_backlog they are not complete.
CREATE TABLE directory_user_word (
    user_id BIGINT NOT NULL,
    word {binary_text} NOT NULL,
    PRIMARY KEY (user_id, word)
){clustered};
CREATE INDEX directory_user_word_beginning ON directory_user_word (word, user_id);
CREATE TABLE directory_word_backlog (
    after_user BIGINT NOT NULL
);
INSERT INTO directory_word_backlog (after_user) SELECT 0 WHERE EXISTS (SELECT 1 FROM directory_user);
-- Users in a state that few are in, and how many stand in each org unit, from an index alone; and the accounts that exist, counted
-- without a walk over all of them.
CREATE INDEX directory_user_suspended ON directory_user (suspended_since, archived_since, deleted_since)
    WHERE suspended_since IS NOT NULL;
CREATE INDEX directory_user_archived ON directory_user (archived_since, deleted_since) WHERE archived_since IS NOT NULL;
DROP INDEX directory_user_org_unit;
CREATE INDEX directory_user_org_unit ON directory_user (org_unit_id, deleted_since);
CREATE INDEX account_present ON account (connection_id, state) WHERE remote_id IS NOT NULL;
