-- One definition per figure: who counts as up and as assessed, when a rate may be printed, what an area contains,
-- and which fact covers a moment. Boards, reports, page, command line and API read these.

-- Limits, targets and colours, filled from the program and its settings (monitor.limits).
CREATE TABLE target (
  measure text NOT NULL,
  word text NOT NULL,
  at_least double precision,
  colour text CHECK (colour ~ '^#[0-9a-f]{6}$'),
  position integer NOT NULL,
  PRIMARY KEY (measure, word)
);
CREATE VIEW bi.target AS SELECT measure, word, at_least, colour, position FROM target;

-- Rates are sums over sums of these two: nobody else says which status counts where.
CREATE OR REPLACE VIEW camera_status AS
SELECT camera_id, status,
  (status IN ('ONLINE', 'DEGRADED'))::int AS up,
  (status IN ('ONLINE', 'DEGRADED', 'OFFLINE'))::int AS assessed
FROM (
  SELECT
    c.id AS camera_id,
    CASE
      WHEN c.intent IN ('planned', 'trial') THEN 'PLANNED'
      WHEN c.intent = 'repair' THEN 'REPAIR'
      WHEN c.intent = 'retired' THEN 'RETIRED'
      WHEN EXISTS (
        SELECT FROM camera_window w
        WHERE w.camera_id = c.id AND w.starts_at <= now() AND w.ends_at > now()) THEN 'EXEMPT'
      WHEN s.health IS NULL OR s.health = 'unknown' OR s.dark_since IS NOT NULL
        OR s.last_at < now() - make_interval(secs => p.patience_s) THEN 'UNKNOWN'
      WHEN s.health = 'down' THEN 'OFFLINE'
      WHEN s.clock_fault_since IS NOT NULL THEN 'DEGRADED'
      ELSE 'ONLINE'
    END AS status
  FROM camera c
  CROSS JOIN policy p
  LEFT JOIN camera_state s ON s.camera_id = c.id) said;

-- M01. Null when nothing is assessable.
CREATE FUNCTION bi.online_rate(up bigint, assessed bigint) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN up::double precision / nullif(assessed, 0);

-- Share of the time to be assessed that was observed; null when there was none.
CREATE FUNCTION bi.observed_share(assessed_s double precision, unobserved_s double precision)
RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN assessed_s / nullif(assessed_s + unobserved_s, 0);

-- The share from which on a rate may be printed.
CREATE VIEW bi.enough AS SELECT at_least AS observed FROM target WHERE measure = 'observed' AND word = 'enough';

-- M02, method C over sums. Null when nothing, or too little, was observed.
CREATE FUNCTION bi.availability(
  up_s double precision, assessed_s double precision, unobserved_s double precision)
RETURNS double precision LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE WHEN bi.observed_share(assessed_s, unobserved_s) >= (SELECT observed FROM bi.enough)
  THEN up_s / nullif(assessed_s, 0) END;

CREATE OR REPLACE VIEW bi.camera_now AS
SELECT
  c.code AS camera_code, c.name, c.area_code, a.name AS area, t.status,
  coalesce(s.health, 'unknown')::text AS health, c.intent::text AS intent,
  CASE WHEN s.health = 'down' THEN s.health_reason ELSE s.last_reason END AS reason,
  r.meaning, r.advice,
  s.since, s.last_up_at AS last_seen, s.last_at AS last_asked, s.last_took_ms AS took_ms,
  s.clock_offset_s, s.clock_fault_since,
  s.dark_since, s.dark_cause::text AS dark_cause,
  coalesce(s.health, 'unknown')::text AS direct, NULL::text AS platform,
  c.lon, c.lat, c.kind::text AS kind, c.simulated, t.up, t.assessed
FROM camera c
JOIN camera_status t ON t.camera_id = c.id
LEFT JOIN area a ON a.code = c.area_code
LEFT JOIN camera_state s ON s.camera_id = c.id
LEFT JOIN reason r
  ON r.code = CASE WHEN s.health = 'down' THEN s.health_reason ELSE s.last_reason END;

-- Counts of cameras by status: one row per area with all areas below it, and one without a code for all cameras.
CREATE VIEW status_count AS
SELECT m.area_code,
  count(m.camera_id) AS cameras,
  count(*) FILTER (WHERE t.status = 'ONLINE') AS online,
  count(*) FILTER (WHERE t.status = 'DEGRADED') AS degraded,
  count(*) FILTER (WHERE t.status = 'OFFLINE') AS offline,
  count(*) FILTER (WHERE t.status = 'UNKNOWN') AS unknown,
  count(*) FILTER (WHERE t.status = 'EXEMPT') AS exempt,
  count(*) FILTER (WHERE t.status = 'REPAIR') AS repair,
  count(*) FILTER (WHERE t.status = 'PLANNED') AS planned,
  count(*) FILTER (WHERE t.status = 'RETIRED') AS retired,
  coalesce(sum(t.up), 0)::bigint AS up, coalesce(sum(t.assessed), 0)::bigint AS assessed
FROM (
  SELECT tree.ancestor AS area_code, c.id AS camera_id
  FROM area_tree tree LEFT JOIN camera c ON c.area_code = tree.code
  UNION ALL
  SELECT NULL, c.id FROM (VALUES (1)) whole LEFT JOIN camera c ON true) m
LEFT JOIN camera_status t ON t.camera_id = m.camera_id
GROUP BY m.area_code;

DROP VIEW bi.area_now;
CREATE VIEW bi.area_now AS
SELECT s.area_code, a.name AS area, a.parent_code, a.level, s.cameras, s.online, s.degraded,
  s.offline, s.unknown, s.exempt, s.repair, s.planned, s.retired, s.up, s.assessed,
  bi.online_rate(s.up, s.assessed) AS online_rate
FROM status_count s JOIN area a ON a.code = s.area_code;

CREATE VIEW bi.estate_now AS
SELECT s.cameras, s.online, s.degraded, s.offline, s.unknown, s.exempt, s.repair, s.planned, s.retired,
  s.up, s.assessed, bi.online_rate(s.up, s.assessed) AS online_rate,
  now() AS as_of, (SELECT max(last_at) FROM camera_state) AS observed_at
FROM status_count s WHERE s.area_code IS NULL;

-- Every area with each area above it and itself. The order of the tree is by `path`.
CREATE VIEW bi.area_tree AS SELECT code AS area_code, ancestor FROM area_tree;
CREATE OR REPLACE VIEW bi.area AS
WITH RECURSIVE down AS (
  SELECT code, 0 AS depth, ARRAY[code COLLATE "C"] AS path FROM area WHERE parent_code IS NULL
  UNION ALL
  SELECT a.code, d.depth + 1, d.path || a.code COLLATE "C"
  FROM area a JOIN down d ON a.parent_code = d.code)
SELECT a.code AS area_code, a.name AS area, a.parent_code, a.level, d.depth, d.path
FROM area a LEFT JOIN down d ON d.code = a.code; -- a ring of areas has no depth

CREATE OR REPLACE VIEW bi.ledger_day AS
SELECT c.code AS camera_code, l.day, l.up_s, l.down_s, l.unreachable_s, l.planned_s, l.exempt_s,
  l.unobserved_s, l.out_of_service_s, l.unobserved_by_cause, l.outages, l.starts_at, l.ends_at,
  l.revision, c.area_code, l.up_s + l.down_s + l.unreachable_s AS assessed_s
FROM ledger_day l JOIN camera c ON c.id = l.camera_id;

CREATE OR REPLACE VIEW bi.ledger_area_day AS
SELECT l.area_code, a.name AS area, l.day, l.cameras, l.up_s, l.down_s, l.unreachable_s,
  l.planned_s, l.exempt_s, l.unobserved_s, l.out_of_service_s, l.outages,
  l.up_s + l.down_s + l.unreachable_s AS assessed_s
FROM ledger_area_day l JOIN area a ON a.code = l.area_code;

-- What one camera was at each moment at which that may have changed. Where several facts cover a moment the first
-- counts: out of service, planned, exempt, unobserved, health (as monitor.availability.split; a test compares them).
CREATE FUNCTION bi.state_over_time(camera text, from_at timestamptz, to_at timestamptz)
RETURNS TABLE (at timestamptz, state text) LANGUAGE sql STABLE
BEGIN ATOMIC
  WITH edges AS (
    SELECT from_at AS at
    UNION SELECT t.at FROM bi.transition t WHERE t.camera_code = camera
    UNION SELECT i.at FROM bi.intent i WHERE i.camera_code = camera
    UNION SELECT unnest(ARRAY[u.starts_at, u.ends_at]) FROM bi.unobserved u WHERE u.camera_code = camera
    UNION SELECT unnest(ARRAY[w.starts_at, w.ends_at]) FROM bi.window_camera w
      WHERE w.camera_code = camera)
  SELECT e.at,
    CASE
      WHEN coalesce((SELECT i.intent FROM bi.intent i
        WHERE i.camera_code = camera AND i.at <= e.at ORDER BY i.at DESC LIMIT 1), '')
        <> 'in_service' THEN 'out of service'
      ELSE coalesce(
        (SELECT w.kind FROM bi.window_camera w
         WHERE w.camera_code = camera AND w.starts_at <= e.at AND w.ends_at > e.at
         ORDER BY w.kind DESC LIMIT 1),
        (SELECT 'unobserved' FROM bi.unobserved u
         WHERE u.camera_code = camera AND u.starts_at <= e.at
           AND (u.ends_at IS NULL OR u.ends_at > e.at) LIMIT 1),
        (SELECT t.to_health FROM bi.transition t
         WHERE t.camera_code = camera AND t.at <= e.at ORDER BY t.at DESC LIMIT 1),
        'unobserved')
    END
  FROM edges e WHERE e.at >= from_at AND e.at < to_at
  ORDER BY e.at;
END;
