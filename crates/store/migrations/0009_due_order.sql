-- What is due is claimed by its time and then by user. A sweep makes a million accounts due at one time: without the user in
-- the index each claim sorted them all.
DROP INDEX account_due;
CREATE INDEX account_due ON account (connection_id, due_at, user_id);
