-- Protected places: geometry and nothing else. No table says which kind of place an outline is, what it is called, or which
-- of the loaded files it came from; rows are stored in the order of their bytes.

CREATE TABLE protected_place (
  outline bytea NOT NULL CHECK (octet_length(outline) > 0)
);

-- What was loaded: of which source and day, and for which area it claims to be complete. Nothing here points at an outline.
CREATE TABLE protected_layer (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  source text NOT NULL CHECK (btrim(source) <> ''),
  dated date NOT NULL,
  covers jsonb CHECK (covers ->> 'type' IN ('Polygon', 'MultiPolygon')),
  outlines integer NOT NULL CHECK (outlines >= 0),
  digest bytea,
  loaded_at timestamptz NOT NULL,
  loaded_by text NOT NULL CHECK (btrim(loaded_by) <> ''),
  replaced_at timestamptz CHECK (replaced_at >= loaded_at)
);

-- Places that lie wholly where layers claim to be complete. layer_dated: the oldest of those. touch: where the place touches
-- a protected place, if it does. A place without a row: nobody knows, so nothing can be required there.
CREATE TABLE place_protection (
  place_id bigint PRIMARY KEY REFERENCES place (id) ON DELETE CASCADE,
  layer_dated date NOT NULL,
  touch_lon double precision CHECK (touch_lon BETWEEN -180 AND 180),
  touch_lat double precision CHECK (touch_lat BETWEEN -90 AND 90),
  CHECK ((touch_lon IS NULL) = (touch_lat IS NULL))
);

-- A place that is drawn anew is looked at anew.
CREATE FUNCTION protection_lapses() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM place_protection WHERE place_id = NEW.id;
  RETURN NULL;
END $$;
CREATE TRIGGER protection_lapses AFTER UPDATE OF kind, geometry ON place FOR EACH ROW
WHEN (NEW.geometry IS DISTINCT FROM OLD.geometry OR NEW.kind IS DISTINCT FROM OLD.kind)
EXECUTE FUNCTION protection_lapses();

CREATE FUNCTION clear_of_protected() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  standing place_protection;
BEGIN
  SELECT * INTO standing FROM place_protection WHERE place_id = NEW.place_id;
  IF NOT FOUND THEN
    RAISE check_violation USING CONSTRAINT = 'protected_not_loaded',
      MESSAGE = 'no requirement can be set where protected places are not loaded';
  ELSIF standing.touch_lon IS NOT NULL THEN
    RAISE check_violation USING CONSTRAINT = 'clear_of_protected',
      MESSAGE = format('no requirement can be set: the place touches a protected place at %s, %s',
        standing.touch_lon, standing.touch_lat);
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER clear_of_protected BEFORE INSERT OR UPDATE OF place_id, share ON requirement FOR EACH ROW
EXECUTE FUNCTION clear_of_protected();

-- What was required before a layer was loaded, or touches what was loaded since, counts no more.
CREATE OR REPLACE VIEW requirement_now AS
SELECT r.place_id, r.share, r.purpose, r.ground, r.from_day, r.review_due, r.stated_by, r.stated_at
FROM requirement r
JOIN place_protection t ON t.place_id = r.place_id AND t.touch_lon IS NULL
CROSS JOIN policy p
WHERE r.withdrawn_at IS NULL
  AND (now() AT TIME ZONE p.timezone)::date >= r.from_day
  AND (now() AT TIME ZONE p.timezone)::date < r.review_due;

CREATE OR REPLACE VIEW bi.requirement AS
SELECT p.id AS place_id, p.name AS place, p.kind::text AS kind, p.area_code, r.share, r.purpose, r.ground,
  r.from_day, r.review_due, r.stated_by, r.stated_at, r.withdrawn_at,
  CASE WHEN r.withdrawn_at IS NOT NULL THEN 'withdrawn' WHEN q.place_id IS NOT NULL THEN 'in_force'
    WHEN t.place_id IS NULL THEN 'protected_not_loaded' WHEN t.touch_lon IS NOT NULL THEN 'touches_protected'
    WHEN r.from_day > (now() AT TIME ZONE y.timezone)::date THEN 'not_yet' ELSE 'lapsed' END AS state
FROM requirement r
JOIN place p ON p.id = r.place_id
CROSS JOIN policy y
LEFT JOIN place_protection t ON t.place_id = r.place_id
LEFT JOIN requirement_now q ON q.place_id = r.place_id AND q.stated_at = r.stated_at
UNION ALL
SELECT p.id, p.name, p.kind::text, p.area_code, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'draft'
FROM place p
WHERE p.required_draft IS NOT NULL AND NOT EXISTS (SELECT FROM requirement r WHERE r.place_id = p.id);

-- What is watched by two designed cameras or more: more than any requirement asks for.
ALTER TABLE coverage_now ADD COLUMN doubled double precision CHECK (doubled BETWEEN 0 AND 1);

-- Excess: metres (square metres of surfaces) designed to be watched by more cameras than are required: beyond the required share,
-- or by a second camera, whichever is more. unrequired: those of places of which nothing is required.
CREATE OR REPLACE VIEW bi.coverage_now AS
SELECT p.id AS place_id, p.name AS place, p.kind::text AS kind, p.area_code, a.name AS area,
  v.length_m, v.area_m2, q.share AS required, q.purpose, q.ground, q.review_due,
  v.designed, v.effective, v.upper, v.redundant, v.reachable,
  v.approach, v.lost_m, v.assumed, p.excluded_m, greatest(v.as_of, m.as_of) AS as_of, v.undeclared,
  t.layer_dated AS protected_layer, x.excess, x.excess * v.length_m AS excess_m, x.excess * v.area_m2 AS excess_m2,
  x.unrequired * v.length_m AS unrequired_m, x.unrequired * v.area_m2 AS unrequired_m2
FROM coverage_now v
JOIN place p ON p.id = v.place_id
LEFT JOIN requirement_now q ON q.place_id = v.place_id
LEFT JOIN place_protection t ON t.place_id = v.place_id
LEFT JOIN coverage_model m ON true
LEFT JOIN area a ON a.code = p.area_code
CROSS JOIN LATERAL (
  SELECT CASE WHEN q.share IS NULL THEN v.designed ELSE greatest(v.designed - q.share, v.doubled, 0) END AS excess,
    CASE WHEN q.share IS NULL THEN v.designed ELSE 0 END AS unrequired) x;

CREATE OR REPLACE VIEW bi.coverage_kind AS
SELECT kind, count(*) AS places, count(required) AS required_places,
  sum(length_m) AS length_m, sum(area_m2) AS area_m2,
  sum(designed * amount) / nullif(sum(amount), 0) AS designed,
  sum(effective * amount) / nullif(sum(amount), 0) AS effective,
  sum(upper * amount) / nullif(sum(amount), 0) AS upper,
  sum(redundant * amount) / nullif(sum(amount), 0) AS redundant,
  sum(lost_m) AS lost_m,
  sum(undeclared * amount) / nullif(sum(amount), 0) AS undeclared,
  sum(excess_m) AS excess_m, sum(excess_m2) AS excess_m2,
  sum(unrequired_m) AS unrequired_m, sum(unrequired_m2) AS unrequired_m2,
  count(protected_layer) AS protected_known, sum(excluded_m) AS excluded_m
FROM (
  SELECT *, CASE WHEN designed IS NOT NULL THEN coalesce(length_m, area_m2) END AS amount
  FROM bi.coverage_now
) place
GROUP BY kind;

-- The layers that hold, without what they hold.
CREATE VIEW bi.protected_layer AS
SELECT source, dated, covers, outlines, loaded_at, loaded_by FROM protected_layer WHERE replaced_at IS NULL;

-- What a privacy mask hides, as somebody saw it set: evidence with a date. A change is a new row.
CREATE TABLE view_mask (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  camera_id bigint NOT NULL REFERENCES camera (id) ON DELETE CASCADE,
  from_deg double precision NOT NULL CHECK (from_deg >= 0 AND from_deg < 360),
  to_deg double precision NOT NULL CHECK (to_deg >= 0 AND to_deg < 360),
  beyond_m double precision NOT NULL DEFAULT 0 CHECK (beyond_m >= 0),
  seen_on date NOT NULL,
  evidence text NOT NULL CHECK (btrim(evidence) <> ''),
  stated_at timestamptz NOT NULL,
  stated_by text NOT NULL CHECK (btrim(stated_by) <> ''),
  withdrawn_at timestamptz CHECK (withdrawn_at >= stated_at),
  withdrawn_by text,
  CHECK ((withdrawn_at IS NULL) = (withdrawn_by IS NULL))
);

-- Cameras that are declared to look along or into the building they hang on: else it is no finding.
CREATE TABLE faces_mount (
  camera_id bigint PRIMARY KEY REFERENCES camera (id) ON DELETE CASCADE,
  stated_at timestamptz NOT NULL,
  stated_by text NOT NULL CHECK (btrim(stated_by) <> '')
);

-- As what each camera that hangs was last compared with protected places. seen_as: null where nobody knows what it looks at.
-- layer_dated: null where no layer claims to be complete.
CREATE TABLE camera_look (
  camera_id bigint PRIMARY KEY REFERENCES camera (id) ON DELETE CASCADE,
  seen_as jsonb,
  layer_dated date
);

-- What ended a look: what people did to the camera, or a correction of its file, or another layer, model or limit.
CREATE TYPE look_end AS ENUM ('turned', 'masked', 'shortened', 'removed', 'corrected', 'recomputed');

-- A footprint that reaches a protected place; which one is not said. free_*: what would see nothing of any.
CREATE TABLE protected_finding (
  camera_id bigint NOT NULL REFERENCES camera (id) ON DELETE CASCADE,
  opened_at timestamptz NOT NULL,
  share double precision NOT NULL CHECK (share >= 0 AND share <= 1),
  places integer NOT NULL CHECK (places > 0),
  area_m2 double precision NOT NULL CHECK (area_m2 >= 0),
  facade_m double precision NOT NULL CHECK (facade_m >= 0),
  free_bearing_deg double precision CHECK (free_bearing_deg >= 0 AND free_bearing_deg < 360),
  free_angle_deg double precision CHECK (free_angle_deg > 0 AND free_angle_deg < 360),
  free_range_m double precision CHECK (free_range_m > 0),
  hide jsonb NOT NULL DEFAULT '[]',
  ended_at timestamptz CHECK (ended_at >= opened_at),
  ended_by look_end,
  PRIMARY KEY (camera_id, opened_at),
  CHECK ((ended_at IS NULL) = (ended_by IS NULL))
);
-- For db.findings: the open ones; also forbids a second one.
CREATE UNIQUE INDEX protected_finding_open ON protected_finding (camera_id) WHERE ended_at IS NULL;

-- What the owner answers. It ends nothing, and expires.
CREATE TABLE protected_answer (
  camera_id bigint NOT NULL,
  opened_at timestamptz NOT NULL,
  answered_at timestamptz NOT NULL CHECK (answered_at >= opened_at),
  answered_by text NOT NULL CHECK (btrim(answered_by) <> ''),
  answer text NOT NULL CHECK (btrim(answer) <> ''),
  PRIMARY KEY (camera_id, opened_at, answered_at),
  FOREIGN KEY (camera_id, opened_at) REFERENCES protected_finding (camera_id, opened_at) ON DELETE CASCADE
);

CREATE VIEW bi.protected_finding AS
SELECT c.code AS camera_code, c.name, c.area_code, c.intent::text AS intent, g.declared, g.state AS register_state,
  v.body AS owner, f.opened_at AS since, f.share, f.places, f.area_m2, f.facade_m, f.free_bearing_deg, f.free_angle_deg,
  f.free_range_m, f.hide, false AS line_of_sight, l.layer_dated,
  CASE WHEN f.ended_at IS NOT NULL THEN 'ended' WHEN now() < a.answered_at + interval '90 days' THEN 'answered'
    ELSE 'open' END AS state,
  a.answer, a.answered_at, a.answered_by, a.answered_at + interval '90 days' AS answer_until,
  (SELECT max(m.seen_on) FROM view_mask m WHERE m.camera_id = c.id AND m.withdrawn_at IS NULL) AS masked_on,
  f.ended_at, f.ended_by::text AS ended_by
FROM protected_finding f
JOIN camera c ON c.id = f.camera_id
JOIN camera_register g ON g.camera_id = c.id
LEFT JOIN entry_version v ON v.entry_id = g.entry_id AND v.version = g.version
LEFT JOIN camera_look l ON l.camera_id = c.id
LEFT JOIN LATERAL (
  SELECT * FROM protected_answer o WHERE o.camera_id = f.camera_id AND o.opened_at = f.opened_at
  ORDER BY o.answered_at DESC LIMIT 1) a ON true;

-- Of all cameras that hang: how many look at a protected place, and of how many nobody can say.
CREATE VIEW bi.protected_now AS
SELECT count(*) AS cameras,
  count(*) FILTER (WHERE l.seen_as IS NOT NULL AND l.layer_dated IS NOT NULL) AS compared,
  count(f.camera_id) AS looking,
  count(f.camera_id) FILTER (WHERE EXISTS (
    SELECT FROM protected_answer a WHERE a.camera_id = f.camera_id AND a.opened_at = f.opened_at
      AND now() < a.answered_at + interval '90 days')) AS answered
FROM camera c
LEFT JOIN camera_look l ON l.camera_id = c.id
LEFT JOIN protected_finding f ON f.camera_id = c.id AND f.ended_at IS NULL
WHERE c.intent <> 'retired';

-- In public: that a camera looks at a protected place, with how much of its view and since when; never which one.
CREATE OR REPLACE VIEW register_public AS
SELECT c.code AS camera, c.name, a.name AS area, c.address, c.kind::text AS kind, c.direction, c.angle_deg, c.range_m,
  c.indoor, c.lon, c.lat, c.intent::text AS intent, c.simulated, c.sheet ->> 'installed_at' AS installed_at,
  (c.first_entered_at AT TIME ZONE 'UTC')::date AS first_entered_on,
  g.state, g.declared, g.missing, (g.declare_by AT TIME ZONE 'UTC')::date AS declare_by, e.key AS entry,
  v.version, v.stated_at, v.stated_by, v.stated_role, v.site, v.purpose, v.purpose_class, v.safety, v.need, v.ground,
  v.assessment, v.body, v.contact, v.sign, v.sign_seen_on, v.retention_days, v.declared_from, v.declared_until,
  v.review_due, v.features, v.position_grid_m, v.position_reason, v.cost_purchase, v.cost_year, v.cost_public,
  v.filing_no, v.filed_on, v.filing_authority, v.approved_at, v.approved_by, v.approved_role, v.salt,
  coalesce(n.shared_by, 0) AS shared_by, coalesce(w.same_words, 0) AS same_words,
  l.seen_as IS NOT NULL AND l.layer_dated IS NOT NULL AS compared, f.share AS looks_share, f.opened_at AS looks_since
FROM camera c
LEFT JOIN camera_look l ON l.camera_id = c.id
LEFT JOIN protected_finding f ON f.camera_id = c.id AND f.ended_at IS NULL
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
