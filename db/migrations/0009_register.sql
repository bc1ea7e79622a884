-- The register: why each camera is there and who answers for it. Versions are dated and never changed; a version counts
-- from its approval by a second person of another role until it is superseded, withdrawn, or past its last day.

ALTER TABLE policy ADD COLUMN longest_retention_days integer CHECK (longest_retention_days > 0);

-- When a camera was first entered, whatever its code was then: 180 days later it is declared, or no longer looked after.
ALTER TABLE camera ADD COLUMN first_entered_at timestamptz;
UPDATE camera SET first_entered_at = created_at;
ALTER TABLE camera ALTER COLUMN first_entered_at SET NOT NULL, ALTER COLUMN first_entered_at SET DEFAULT now();
-- For db.cameras.add: a camera that comes back under another code at the same host.
CREATE INDEX camera_host ON camera (host, port) WHERE host IS NOT NULL;
-- For db.cameras.add: the same at the same position, to about a metre.
CREATE INDEX camera_position ON camera (round(lon::numeric, 5), round(lat::numeric, 5)) WHERE lon IS NOT NULL;

CREATE TABLE entry (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  key text NOT NULL UNIQUE CHECK (key <> '')
);

CREATE TABLE entry_version (
  entry_id bigint NOT NULL REFERENCES entry (id),
  version integer NOT NULL CHECK (version > 0),
  stated_at timestamptz NOT NULL,
  stated_by text NOT NULL CHECK (btrim(stated_by) <> ''),
  stated_role text NOT NULL CHECK (stated_role IN ('operator', 'oversight', 'privacy', 'auditor')),
  site text CHECK (btrim(site) <> ''),
  purpose text CHECK (btrim(purpose) <> ''),
  purpose_class text CHECK (btrim(purpose_class) <> ''),
  safety boolean NOT NULL DEFAULT false,
  need text CHECK (btrim(need) <> ''),
  ground text CHECK (btrim(ground) <> ''),
  assessment text CHECK (btrim(assessment) <> ''),
  body text CHECK (btrim(body) <> ''),
  contact text CHECK (btrim(contact) <> ''),
  sign text CHECK (btrim(sign) <> ''),
  sign_seen_on date,
  retention_days integer CHECK (retention_days >= 0),
  declared_from date,
  declared_until date,
  review_due date,
  features text CHECK (btrim(features) <> ''),
  position_grid_m double precision CHECK (position_grid_m > 0 AND position_grid_m <= 5000),
  position_reason text CHECK (btrim(position_reason) <> ''),
  cost_purchase double precision CHECK (cost_purchase >= 0),
  cost_year double precision CHECK (cost_year >= 0),
  cost_public boolean NOT NULL DEFAULT false,
  filing_no text CHECK (btrim(filing_no) <> ''),
  filed_on date,
  filing_authority text CHECK (btrim(filing_authority) <> ''),
  -- never published: the published digest covers names and costs that are not, and they could be guessed without it
  salt text NOT NULL DEFAULT gen_random_uuid()::text,
  missing text[] NOT NULL GENERATED ALWAYS AS (array_remove(ARRAY[
    CASE WHEN site IS NULL THEN 'site' END,
    CASE WHEN purpose IS NULL THEN 'purpose' END,
    CASE WHEN need IS NULL THEN 'need' END,
    CASE WHEN ground IS NULL THEN 'ground' END,
    CASE WHEN body IS NULL THEN 'body' END,
    CASE WHEN contact IS NULL THEN 'contact' END,
    CASE WHEN sign IS NULL THEN 'sign' END,
    CASE WHEN sign_seen_on IS NULL THEN 'sign_seen_on' END,
    CASE WHEN retention_days IS NULL THEN 'retention_days' END,
    CASE WHEN declared_from IS NULL THEN 'declared_from' END,
    CASE WHEN declared_until IS NULL THEN 'declared_until' END,
    CASE WHEN review_due IS NULL THEN 'review_due' END], NULL)) STORED,
  approved_at timestamptz,
  approved_by text CHECK (btrim(approved_by) <> ''),
  approved_role text CHECK (approved_role IN ('operator', 'oversight', 'privacy', 'auditor')),
  PRIMARY KEY (entry_id, version),
  CONSTRAINT a_coarser_position_has_a_reason CHECK ((position_grid_m IS NULL) = (position_reason IS NULL)),
  CONSTRAINT at_most_three_years CHECK (
    declared_until > declared_from AND declared_until <= declared_from + interval '3 years'),
  CONSTRAINT reviewed_inside CHECK (review_due > declared_from AND review_due <= declared_until),
  CHECK ((approved_at IS NULL) = (approved_by IS NULL) AND (approved_at IS NULL) = (approved_role IS NULL)),
  CHECK (approved_at >= stated_at),
  CONSTRAINT approved_whole CHECK (approved_at IS NULL OR missing = '{}'),
  CONSTRAINT approved_by_a_second_person_of_another_role CHECK (
    lower(btrim(approved_by)) <> lower(btrim(stated_by))
    AND approved_role <> stated_role AND approved_role <> 'operator')
);

-- Which cameras a version speaks for, and from when until when it counts for each. Neither: it waits for approval.
CREATE TABLE entry_camera (
  camera_id bigint NOT NULL REFERENCES camera (id),
  entry_id bigint NOT NULL,
  version integer NOT NULL,
  from_at timestamptz,
  until_at timestamptz,
  ended text CHECK (ended IN ('superseded', 'withdrawn')),
  ended_by text,
  PRIMARY KEY (camera_id, entry_id, version),
  FOREIGN KEY (entry_id, version) REFERENCES entry_version (entry_id, version),
  CHECK (until_at >= from_at),
  CHECK ((until_at IS NULL) = (ended IS NULL) AND (until_at IS NULL) = (ended_by IS NULL))
);
-- For camera_register: the version in force of a camera; also forbids a second one.
CREATE UNIQUE INDEX entry_in_force ON entry_camera (camera_id) WHERE from_at IS NOT NULL AND until_at IS NULL;
-- For camera_register: the version of a camera that waits; also forbids a second one.
CREATE UNIQUE INDEX entry_waiting ON entry_camera (camera_id) WHERE from_at IS NULL AND until_at IS NULL;
-- For at_most_fifty and db.register: the cameras of a version.
CREATE INDEX entry_camera_of ON entry_camera (entry_id, version);

-- No bulk justification: an entry speaks for at most 50 cameras.
CREATE FUNCTION at_most_fifty() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (
    SELECT FROM entry_camera e JOIN (SELECT DISTINCT entry_id, version FROM new_rows) n USING (entry_id, version)
    GROUP BY e.entry_id, e.version HAVING count(*) > 50) THEN
    RAISE check_violation USING MESSAGE = 'an entry is shared by at most 50 cameras', CONSTRAINT = 'at_most_fifty';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER at_most_fifty AFTER INSERT ON entry_camera
REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION at_most_fifty();

-- Versions are never changed, but for their one approval; nothing of the register is deleted.
CREATE FUNCTION register_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND OLD.approved_at IS NULL
    AND to_jsonb(NEW) - '{approved_at,approved_by,approved_role,missing}'::text[]
      = to_jsonb(OLD) - '{approved_at,approved_by,approved_role,missing}'::text[] THEN
    RETURN NEW;
  END IF;
  RAISE restrict_violation USING MESSAGE = 'a version of an entry is never changed; state a new one';
END $$;
CREATE TRIGGER register_stays BEFORE UPDATE OR DELETE ON entry_version FOR EACH ROW EXECUTE FUNCTION register_stays();

CREATE VIEW today AS SELECT (now() AT TIME ZONE timezone)::date AS day FROM policy;

-- The one definition of the state of a camera in the register, of who counts, and of who is looked after.
CREATE VIEW camera_register AS
SELECT camera_id, state, state IN ('declared', 'review_due') AS declared, missing, entry_id, version, declared_until,
  review_due, safety, first_entered_at + interval '180 days' AS declare_by,
  state IN ('declared', 'review_due') OR now() < first_entered_at + interval '180 days' AS attended
FROM (
  SELECT c.id AS camera_id, c.first_entered_at, f.declared_until, f.review_due, coalesce(f.safety, false) AS safety,
    coalesce(f.entry_id, w.entry_id) AS entry_id, coalesce(f.version, w.version) AS version,
    CASE
      WHEN f.entry_id IS NOT NULL AND t.day < f.declared_from THEN 'incomplete'
      WHEN f.entry_id IS NOT NULL AND t.day > f.declared_until THEN 'lapsed'
      WHEN f.entry_id IS NOT NULL AND f.retention_days > p.longest_retention_days THEN 'incomplete'
      WHEN f.entry_id IS NOT NULL AND t.day > f.review_due THEN 'review_due'
      WHEN f.entry_id IS NOT NULL THEN 'declared'
      WHEN w.entry_id IS NOT NULL THEN 'incomplete'
      WHEN x.camera_id IS NOT NULL THEN 'withdrawn'
      ELSE 'undeclared' END AS state,
    CASE
      WHEN f.entry_id IS NOT NULL AND t.day < f.declared_from THEN ARRAY['declared_from']
      WHEN f.entry_id IS NOT NULL AND f.retention_days > p.longest_retention_days THEN ARRAY['retention_days']
      WHEN f.entry_id IS NULL AND w.entry_id IS NOT NULL THEN w.missing || 'approval'::text
      ELSE '{}'::text[] END AS missing
  FROM camera c
  CROSS JOIN today t
  CROSS JOIN policy p
  LEFT JOIN (
    SELECT e.camera_id, v.* FROM entry_camera e JOIN entry_version v USING (entry_id, version)
    WHERE e.from_at IS NOT NULL AND e.until_at IS NULL) f ON f.camera_id = c.id
  LEFT JOIN (
    SELECT e.camera_id, v.entry_id, v.version, v.missing
    FROM entry_camera e JOIN entry_version v USING (entry_id, version)
    WHERE e.from_at IS NULL AND e.until_at IS NULL) w ON w.camera_id = c.id
  LEFT JOIN (SELECT DISTINCT camera_id FROM entry_camera WHERE ended = 'withdrawn') x ON x.camera_id = c.id) s;

-- Whether cameras were declared at a moment, from the dated versions alone.
CREATE FUNCTION declared_at(at timestamptz) RETURNS TABLE (camera_id bigint) LANGUAGE sql STABLE
BEGIN ATOMIC
  SELECT e.camera_id
  FROM entry_camera e
  JOIN entry_version v USING (entry_id, version)
  CROSS JOIN policy p
  WHERE e.from_at <= declared_at.at AND (e.until_at IS NULL OR e.until_at > declared_at.at)
    AND (declared_at.at AT TIME ZONE p.timezone)::date BETWEEN v.declared_from AND v.declared_until;
END;
