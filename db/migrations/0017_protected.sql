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

CREATE OR REPLACE VIEW bi.coverage_now AS
SELECT p.id AS place_id, p.name AS place, p.kind::text AS kind, p.area_code, a.name AS area,
  v.length_m, v.area_m2, q.share AS required, q.purpose, q.ground, q.review_due,
  v.designed, v.effective, v.upper, v.redundant, v.reachable,
  v.approach, v.lost_m, v.assumed, p.excluded_m, greatest(v.as_of, m.as_of) AS as_of, v.undeclared,
  t.layer_dated AS protected_layer
FROM coverage_now v
JOIN place p ON p.id = v.place_id
LEFT JOIN requirement_now q ON q.place_id = v.place_id
LEFT JOIN place_protection t ON t.place_id = v.place_id
LEFT JOIN coverage_model m ON true
LEFT JOIN area a ON a.code = p.area_code;

-- The layers that hold, without what they hold.
CREATE VIEW bi.protected_layer AS
SELECT source, dated, covers, outlines, loaded_at, loaded_by FROM protected_layer WHERE replaced_at IS NULL;
