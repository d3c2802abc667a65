-- From when on a key of the management API works no more; NULL: it has no end.
ALTER TABLE api_key ADD COLUMN expires_at BIGINT;
