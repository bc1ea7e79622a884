-- Everyone who looks or changes is seen: rows that are only ever added, each with the digest of the one before. The owner of
-- a database can lift its rights; the chain shows it (camledger audit verify, and the digests that were published).

CREATE TABLE audit (
  seq bigint PRIMARY KEY CHECK (seq > 0),
  at timestamptz NOT NULL,
  who text NOT NULL CHECK (who <> ''),
  role text NOT NULL CHECK (role <> ''),
  action text NOT NULL CHECK (action ~ '^[a-z]+\.[a-z]+$'),
  subject text NOT NULL,
  detail jsonb NOT NULL,
  salt text NOT NULL,  -- only for those who may read the rows: editions publish the newest digest, and names can be guessed
  digest bytea NOT NULL CHECK (length(digest) = 32)
);

-- For db.sums.looked and audit list: the rows of a time.
CREATE INDEX audit_at ON audit USING brin (at);

CREATE FUNCTION audit_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE restrict_violation USING MESSAGE = 'the audit trail is only ever added to';
END $$;
CREATE TRIGGER audit_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON audit EXECUTE FUNCTION audit_stays();

CREATE VIEW bi.audit AS SELECT seq, at, who, role, action, subject, detail, salt, encode(digest, 'hex') AS digest FROM audit;
