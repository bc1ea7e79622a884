-- Editions of the public register: what was published, chained by digests over the facts. Only ever added to.

CREATE TABLE edition (
  number integer PRIMARY KEY CHECK (number > 0),
  made_at timestamptz NOT NULL,
  made_by text NOT NULL CHECK (btrim(made_by) <> ''),
  made_role text NOT NULL,
  cameras integer NOT NULL CHECK (cameras >= 0),
  declared integer NOT NULL CHECK (declared BETWEEN 0 AND cameras),
  facts bytea NOT NULL CHECK (length(facts) = 32),
  audit_seq bigint NOT NULL CHECK (audit_seq >= 0),
  audit bytea NOT NULL CHECK (length(audit) = 32),
  publisher jsonb NOT NULL,
  digest bytea NOT NULL UNIQUE CHECK (length(digest) = 32)
);

-- The public facts of a camera from this edition on; null when it is in the register no more.
CREATE TABLE edition_camera (
  camera_code text NOT NULL,
  edition integer NOT NULL REFERENCES edition (number),
  facts jsonb,
  digest bytea NOT NULL CHECK (length(digest) = 32),
  PRIMARY KEY (camera_code, edition)
);

-- To whom the digest of an edition was sent, outside the operator.
CREATE TABLE edition_witness (
  edition integer NOT NULL REFERENCES edition (number),
  witness text NOT NULL,
  at timestamptz NOT NULL,
  taken boolean NOT NULL,
  detail text NOT NULL,
  PRIMARY KEY (edition, witness, at)
);

CREATE FUNCTION edition_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE restrict_violation USING MESSAGE = 'an edition that was published is never changed';
END $$;
CREATE TRIGGER edition_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON edition EXECUTE FUNCTION edition_stays();
CREATE TRIGGER edition_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON edition_camera EXECUTE FUNCTION edition_stays();

-- What the pages of the register say, as rows. position: exact, or on a grid with the reason.
CREATE VIEW register_public AS
SELECT c.code AS camera, c.name, a.name AS area, c.address, c.kind::text AS kind, c.direction, c.angle_deg, c.range_m,
  c.indoor, c.lon, c.lat, c.intent::text AS intent, c.simulated, c.sheet ->> 'installed_at' AS installed_at,
  (c.first_entered_at AT TIME ZONE 'UTC')::date AS first_entered_on,
  g.state, g.declared, g.missing, (g.declare_by AT TIME ZONE 'UTC')::date AS declare_by, e.key AS entry,
  v.version, v.stated_at, v.stated_by, v.stated_role, v.site, v.purpose, v.purpose_class, v.safety, v.need, v.ground,
  v.assessment, v.body, v.contact, v.sign, v.sign_seen_on, v.retention_days, v.declared_from, v.declared_until,
  v.review_due, v.features, v.position_grid_m, v.position_reason, v.cost_purchase, v.cost_year, v.cost_public,
  v.filing_no, v.filed_on, v.filing_authority, v.approved_at, v.approved_by, v.approved_role, v.salt,
  coalesce(n.shared_by, 0) AS shared_by, coalesce(w.same_words, 0) AS same_words
FROM camera c
JOIN camera_register g ON g.camera_id = c.id
LEFT JOIN area a ON a.code = c.area_code
LEFT JOIN entry e ON e.id = g.entry_id
LEFT JOIN entry_version v ON v.entry_id = g.entry_id AND v.version = g.version
LEFT JOIN (
  SELECT entry_id, version, count(*) AS shared_by FROM entry_camera WHERE until_at IS NULL
  GROUP BY entry_id, version) n ON n.entry_id = g.entry_id AND n.version = g.version
LEFT JOIN (
  SELECT purpose, need, ground, count(*) AS same_words
  FROM entry_camera o JOIN entry_version p USING (entry_id, version)
  WHERE o.until_at IS NULL AND o.from_at IS NOT NULL
  GROUP BY purpose, need, ground) w ON (w.purpose, w.need, w.ground) = (v.purpose, v.need, v.ground)
WHERE c.intent <> 'retired';

CREATE VIEW bi.edition AS
SELECT number, made_at, cameras, declared, encode(facts, 'hex') AS facts, audit_seq, encode(audit, 'hex') AS audit,
  encode(digest, 'hex') AS digest
FROM edition;

-- The newest edition, and whether the register has changed since: then what is reported rests on no edition.
CREATE VIEW bi.edition_now AS
SELECT number, made_at, digest,
  made_at >= greatest(
    (SELECT max(greatest(stated_at, approved_at)) FROM entry_version),
    (SELECT max(until_at) FROM entry_camera),
    (SELECT max(created_at) FROM camera)) IS NOT FALSE AS holds
FROM bi.edition ORDER BY number DESC LIMIT 1;
