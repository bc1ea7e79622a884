-- A place needs coverage only for a stated, dated reason. Nothing else says that something is missing.

DROP VIEW bi.offline_now, bi.camera_now, bi.coverage_kind, bi.coverage_now, bi.coverage_gap, bi.camera_coverage;

ALTER TABLE camera DROP COLUMN point_class;
ALTER TABLE place DROP COLUMN area_type;
-- What an outage costs in watched metres orders no repair any more.
ALTER TABLE camera_coverage DROP COLUMN solo_m, DROP COLUMN share_m;
-- What a file once asked for, as a number of cameras and without a reason: kept, and counted nowhere.
ALTER TABLE place RENAME COLUMN required TO required_draft;

-- The share of a place that shall be seen, why, on what ground, and until when that holds. A change is a new row.
CREATE TABLE requirement (
  place_id bigint NOT NULL REFERENCES place (id) ON DELETE CASCADE,
  stated_at timestamptz NOT NULL,
  stated_by text NOT NULL CHECK (btrim(stated_by) <> ''),
  share double precision NOT NULL CHECK (share > 0 AND share <= 1),
  purpose text NOT NULL CHECK (btrim(purpose) <> ''),
  ground text NOT NULL CHECK (btrim(ground) <> ''),
  from_day date NOT NULL,
  review_due date NOT NULL,
  withdrawn_at timestamptz,
  withdrawn_by text,
  PRIMARY KEY (place_id, stated_at),
  CONSTRAINT reviewed_within_three_years CHECK (
    review_due > from_day AND review_due <= from_day + interval '3 years'),
  CHECK (withdrawn_at >= stated_at),
  CHECK ((withdrawn_at IS NULL) = (withdrawn_by IS NULL))
);
-- For requirement_now and db.requirements: the one that was not withdrawn; also forbids a second one.
CREATE UNIQUE INDEX requirement_open ON requirement (place_id) WHERE withdrawn_at IS NULL;

-- The one definition of what a place needs today: on the day of its review a requirement stops counting.
CREATE VIEW requirement_now AS
SELECT r.place_id, r.share, r.purpose, r.ground, r.from_day, r.review_due, r.stated_by, r.stated_at
FROM requirement r CROSS JOIN policy p
WHERE r.withdrawn_at IS NULL
  AND (now() AT TIME ZONE p.timezone)::date >= r.from_day
  AND (now() AT TIME ZONE p.timezone)::date < r.review_due;

CREATE VIEW bi.camera_now AS
SELECT
  c.code AS camera_code, c.name, c.area_code, a.name AS area, t.status,
  coalesce(s.health, 'unknown')::text AS health, c.intent::text AS intent,
  CASE WHEN s.health = 'down' THEN s.health_reason ELSE s.last_reason END AS reason,
  r.meaning, r.advice,
  s.since, s.last_up_at AS last_seen, s.last_at AS last_asked, s.last_took_ms AS took_ms,
  s.clock_offset_s, s.clock_fault_since,
  s.dark_since, s.dark_cause::text AS dark_cause,
  coalesce(s.health, 'unknown')::text AS direct, NULL::text AS platform,
  c.lon, c.lat, c.kind::text AS kind, c.simulated
FROM camera c
JOIN camera_status t ON t.camera_id = c.id
LEFT JOIN area a ON a.code = c.area_code
LEFT JOIN camera_state s ON s.camera_id = c.id
LEFT JOIN reason r
  ON r.code = CASE WHEN s.health = 'down' THEN s.health_reason ELSE s.last_reason END;

-- The repair queue. one_trip: cameras that are offline on the same pole, this one included.
CREATE VIEW bi.offline_now AS
SELECT camera_code, name, area_code, area, pole, reason, meaning, advice, since, confirmed_at, offline_s,
  one_trip, lon, lat,
  row_number() OVER (
    ORDER BY floor(offline_s / 86400) DESC, one_trip DESC, since, camera_code) AS repair_order
FROM (
  SELECT
    n.camera_code, n.name, n.area_code, n.area, c.pole, n.reason, n.meaning, n.advice, n.since,
    s.confirmed_at, extract(epoch FROM now() - n.since)::double precision AS offline_s,
    CASE WHEN c.pole IS NULL THEN 1
      ELSE count(*) OVER (PARTITION BY c.area_code, c.pole) END AS one_trip,
    n.lon, n.lat
  FROM bi.camera_now n
  JOIN camera c ON c.code = n.camera_code
  JOIN camera_state s ON s.camera_id = c.id
  WHERE n.status = 'OFFLINE') o;

CREATE VIEW bi.requirement AS
SELECT p.id AS place_id, p.name AS place, p.kind::text AS kind, p.area_code, r.share, r.purpose, r.ground,
  r.from_day, r.review_due, r.stated_by, r.stated_at, r.withdrawn_at,
  CASE WHEN r.withdrawn_at IS NOT NULL THEN 'withdrawn' WHEN q.place_id IS NOT NULL THEN 'in_force'
    WHEN r.from_day > (now() AT TIME ZONE y.timezone)::date THEN 'not_yet' ELSE 'lapsed' END AS state
FROM requirement r
JOIN place p ON p.id = r.place_id
CROSS JOIN policy y
LEFT JOIN requirement_now q ON q.place_id = r.place_id AND q.stated_at = r.stated_at
UNION ALL
SELECT p.id, p.name, p.kind::text, p.area_code, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'draft'
FROM place p
WHERE p.required_draft IS NOT NULL AND NOT EXISTS (SELECT FROM requirement r WHERE r.place_id = p.id);

CREATE VIEW bi.coverage_now AS
SELECT p.id AS place_id, p.name AS place, p.kind::text AS kind, p.area_code, a.name AS area,
  v.length_m, v.area_m2, q.share AS required, q.purpose, q.ground, q.review_due,
  v.designed, v.effective, v.upper, v.redundant, v.reachable,
  v.approach, v.lost_m, v.assumed, p.excluded_m, greatest(v.as_of, m.as_of) AS as_of
FROM coverage_now v
JOIN place p ON p.id = v.place_id
LEFT JOIN requirement_now q ON q.place_id = v.place_id
LEFT JOIN coverage_model m ON true
LEFT JOIN area a ON a.code = p.area_code;

-- A gap exists only where a requirement is in force and surely not met: unknown cameras count as seeing.
CREATE VIEW bi.coverage_gap AS
SELECT g.place_id, p.name AS place, p.kind::text AS place_kind, p.area_code, g.from_m, g.to_m,
  g.to_m - g.from_m AS length_m, g.kind, g.from_lon, g.from_lat, g.to_lon, g.to_lat, q.purpose
FROM coverage_gap g
JOIN place p ON p.id = g.place_id
JOIN requirement_now q ON q.place_id = g.place_id
JOIN coverage_now v ON v.place_id = g.place_id AND v.upper < q.share;

-- City figures come from sums of metres (or square metres), never from means of ratios. Places
-- without figures (no length, unreadable geometry) count in `places` only.
CREATE VIEW bi.coverage_kind AS
SELECT kind, count(*) AS places, count(required) AS required_places,
  sum(length_m) AS length_m, sum(area_m2) AS area_m2,
  sum(designed * amount) / nullif(sum(amount), 0) AS designed,
  sum(effective * amount) / nullif(sum(amount), 0) AS effective,
  sum(upper * amount) / nullif(sum(amount), 0) AS upper,
  sum(redundant * amount) / nullif(sum(amount), 0) AS redundant,
  sum(lost_m) AS lost_m
FROM (
  SELECT *, CASE WHEN designed IS NOT NULL THEN coalesce(length_m, area_m2) END AS amount
  FROM bi.coverage_now
) place
GROUP BY kind;

CREATE VIEW bi.camera_coverage AS
SELECT c.code AS camera_code, c.name, c.area_code, v.exclusive_m
FROM camera_coverage v JOIN camera c ON c.id = v.camera_id;
