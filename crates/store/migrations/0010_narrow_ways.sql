-- Who is nested in a group, and who in it is nobody's user, without a walk over its members; and the removals that are due, page
-- by page, without a walk over all accounts.
CREATE INDEX group_member_nesting ON group_member (group_id, nested_id) WHERE nested_id IS NOT NULL;
CREATE INDEX group_member_outsiders ON group_member (group_id, outside_email) WHERE outside_email IS NOT NULL;
DROP INDEX account_removal;
CREATE INDEX account_removal ON account (connection_id, removal_at, user_id);
