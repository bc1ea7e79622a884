-- Schema bi: the only thing dashboards, reports and third parties read. No address, login or serial number in it.

CREATE SCHEMA bi;
DO $$
BEGIN
  CREATE ROLE sharp_eyes_bi LOGIN;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; -- roles belong to the whole server
END $$;
GRANT USAGE ON SCHEMA bi TO sharp_eyes_bi;
ALTER DEFAULT PRIVILEGES IN SCHEMA bi GRANT SELECT ON TABLES TO sharp_eyes_bi;

-- Every area with all areas above it and itself: figures of an area are sums over its tree.
CREATE VIEW area_tree AS
WITH RECURSIVE up AS (
  SELECT code, code AS ancestor FROM area
  UNION
  SELECT up.code, area.parent_code
  FROM up JOIN area ON area.code = up.ancestor
  WHERE area.parent_code IS NOT NULL
)
SELECT code, ancestor FROM up;

-- The one definition of a camera's status word (design 2, domain 5.2).
CREATE VIEW camera_status AS
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
LEFT JOIN camera_state s ON s.camera_id = c.id;

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
  c.lon, c.lat, c.kind::text AS kind, c.point_class, c.simulated
FROM camera c
JOIN camera_status t ON t.camera_id = c.id
LEFT JOIN area a ON a.code = c.area_code
LEFT JOIN camera_state s ON s.camera_id = c.id
LEFT JOIN reason r
  ON r.code = CASE WHEN s.health = 'down' THEN s.health_reason ELSE s.last_reason END;

CREATE VIEW bi.transition AS
SELECT c.code AS camera_code, t.at, t.from_health::text AS from_health,
  t.to_health::text AS to_health, t.reason, t.recorded_at
FROM transition t JOIN camera c ON c.id = t.camera_id;

CREATE VIEW bi.intent AS
SELECT c.code AS camera_code, i.at, i.intent::text AS intent
FROM intent_change i JOIN camera c ON c.id = i.camera_id;

CREATE VIEW bi.unobserved AS
SELECT c.code AS camera_code, u.starts_at, u.ends_at, u.cause::text AS cause
FROM darkness u JOIN camera c ON c.id = u.camera_id;

CREATE VIEW bi.window_camera AS
SELECT c.code AS camera_code, w.kind, w.reason_code, w.starts_at, w.ends_at
FROM camera_window w JOIN camera c ON c.id = w.camera_id;

CREATE VIEW bi.ledger_day AS
SELECT c.code AS camera_code, l.day, l.up_s, l.down_s, l.unreachable_s, l.planned_s, l.exempt_s,
  l.unobserved_s, l.out_of_service_s, l.unobserved_by_cause, l.outages, l.starts_at, l.ends_at,
  l.revision
FROM ledger_day l JOIN camera c ON c.id = l.camera_id;

CREATE VIEW bi.ledger_area_day AS
SELECT l.area_code, a.name AS area, l.day, l.cameras, l.up_s, l.down_s, l.unreachable_s,
  l.planned_s, l.exempt_s, l.unobserved_s, l.out_of_service_s, l.outages
FROM ledger_area_day l JOIN area a ON a.code = l.area_code;

CREATE VIEW bi.fault_now AS
SELECT c.code AS camera_code, c.name, c.area_code, f.kind, f.opened_at AS since, f.detail
FROM fault f JOIN camera c ON c.id = f.camera_id
WHERE f.closed_at IS NULL;

CREATE VIEW bi.offline_now AS
SELECT
  n.camera_code, n.name, n.area_code, n.area, n.reason, n.meaning, n.advice, n.since,
  s.confirmed_at, extract(epoch FROM now() - n.since)::double precision AS offline_s,
  coalesce(v.share_m, 0) AS share_m, coalesce(v.solo_m, 0) AS solo_m, n.lon, n.lat
FROM bi.camera_now n
JOIN camera c ON c.code = n.camera_code
JOIN camera_state s ON s.camera_id = c.id
LEFT JOIN camera_coverage v ON v.camera_id = c.id
WHERE n.status = 'OFFLINE';

-- One row per outage of one camera; ended_at is null while it lasts.
CREATE VIEW bi.incident AS
SELECT c.code AS camera_code, c.name, c.area_code, o.started_at, o.ended_at, o.reason
FROM (
  SELECT camera_id, to_health, at AS started_at, reason,
    lead(at) OVER (PARTITION BY camera_id ORDER BY at) AS ended_at
  FROM transition
) o
JOIN camera c ON c.id = o.camera_id
WHERE o.to_health = 'down';

CREATE VIEW bi.area AS
SELECT code AS area_code, name AS area, parent_code, level FROM area;

-- Counts per area, each with all areas below it. online_rate is M01; null when nothing is assessable.
CREATE VIEW bi.area_now AS
SELECT a.code AS area_code, a.name AS area, a.parent_code, a.level,
  count(c.id) AS cameras,
  count(*) FILTER (WHERE t.status = 'ONLINE') AS online,
  count(*) FILTER (WHERE t.status = 'DEGRADED') AS degraded,
  count(*) FILTER (WHERE t.status = 'OFFLINE') AS offline,
  count(*) FILTER (WHERE t.status = 'UNKNOWN') AS unknown,
  count(*) FILTER (WHERE t.status = 'EXEMPT') AS exempt,
  count(*) FILTER (WHERE t.status = 'REPAIR') AS repair,
  count(*) FILTER (WHERE t.status = 'PLANNED') AS planned,
  count(*) FILTER (WHERE t.status = 'RETIRED') AS retired,
  count(*) FILTER (WHERE t.status IN ('ONLINE', 'DEGRADED'))::double precision
    / nullif(count(*) FILTER (WHERE t.status IN ('ONLINE', 'DEGRADED', 'OFFLINE')), 0)
    AS online_rate
FROM area a
JOIN area_tree tree ON tree.ancestor = a.code
LEFT JOIN camera c ON c.area_code = tree.code
LEFT JOIN camera_status t ON t.camera_id = c.id
GROUP BY a.code;

CREATE VIEW bi.collector_now AS
SELECT name, started_at, alive_at, stopped_at,
  (stopped_at IS NULL AND alive_at > now() - interval '30 seconds') AS alive,
  cameras, asked, dropped, skipped, late_p99_s, loop_lag_s, queue
FROM collector;

CREATE VIEW bi.observation_hour AS
SELECT c.code AS camera_code, c.area_code, o.hour, o.asked, o.up,
  o.took_ms / o.asked AS took_mean_ms, o.took_max_ms
FROM observation_hour o JOIN camera c ON c.id = o.camera_id;

CREATE VIEW bi.observation_failed AS
SELECT c.code AS camera_code, o.at, o.reason, r.meaning, o.took_ms
FROM observation_failed o
JOIN camera c ON c.id = o.camera_id
LEFT JOIN reason r ON r.code = o.reason;

CREATE VIEW bi.coverage_now AS
SELECT p.id AS place_id, p.name AS place, p.kind::text AS kind, p.area_code, a.name AS area,
  p.area_type, v.length_m, v.area_m2, v.designed, v.effective, v.upper, v.redundant, v.reachable,
  v.approach, v.lost_m, v.assumed, p.excluded_m, greatest(v.as_of, m.as_of) AS as_of
FROM coverage_now v
JOIN place p ON p.id = v.place_id
LEFT JOIN coverage_model m ON true
LEFT JOIN area a ON a.code = p.area_code;

CREATE VIEW bi.coverage_gap AS
SELECT g.place_id, p.name AS place, p.kind::text AS place_kind, p.area_code, g.from_m, g.to_m,
  g.to_m - g.from_m AS length_m, g.kind, g.from_lon, g.from_lat, g.to_lon, g.to_lat
FROM coverage_gap g JOIN place p ON p.id = g.place_id;

CREATE VIEW bi.coverage_change AS
SELECT v.place_id, p.name AS place, p.kind::text AS kind, p.area_code, v.at, v.designed,
  v.effective, v.upper
FROM coverage_change v JOIN place p ON p.id = v.place_id;

CREATE VIEW bi.coverage_day AS
SELECT d.place_id, p.name AS place, p.kind::text AS kind, p.area_code, d.day, d.designed,
  d.effective, d.effective_min
FROM coverage_day d JOIN place p ON p.id = d.place_id;

-- City figures come from sums of metres (or square metres), never from means of ratios. Places
-- without figures (no length, unreadable geometry) count in `places` only.
CREATE VIEW bi.coverage_kind AS
SELECT kind, count(*) AS places,
  sum(length_m) AS length_m, sum(area_m2) AS area_m2,
  sum(designed * amount) / nullif(sum(amount), 0) AS designed,
  sum(effective * amount) / nullif(sum(amount), 0) AS effective,
  sum(upper * amount) / nullif(sum(amount), 0) AS upper,
  sum(redundant * amount) / nullif(sum(amount), 0) AS redundant,
  sum(lost_m) AS lost_m,
  count(*) FILTER (WHERE effective = 0) AS without_any,
  count(*) FILTER (WHERE effective < 0.5) AS below_half,
  count(*) FILTER (WHERE effective >= 0.95) AS full_cover
FROM (
  SELECT *, CASE WHEN designed IS NOT NULL THEN coalesce(length_m, area_m2) END AS amount
  FROM bi.coverage_now
) place
GROUP BY kind;

CREATE VIEW bi.camera_coverage AS
SELECT c.code AS camera_code, c.name, c.area_code, v.solo_m, v.share_m, v.exclusive_m
FROM camera_coverage v JOIN camera c ON c.id = v.camera_id;

CREATE VIEW bi.data_defect AS
SELECT c.code AS camera_code, c.name, c.area_code, d.defect, d.detail
FROM camera_defect d JOIN camera c ON c.id = d.camera_id;

CREATE VIEW bi.coverage_model AS
SELECT model, as_of FROM coverage_model;

CREATE VIEW bi.policy AS
SELECT cadence_s, patience_s, clock_tolerance_s, timezone FROM policy;

CREATE VIEW bi.reason AS
SELECT code AS reason, says::text AS says, counts, meaning, advice FROM reason;

CREATE VIEW bi.report AS
SELECT id, kind, first_day, last_day, made_at, method FROM report;

ALTER ROLE sharp_eyes_bi SET statement_timeout = '15s';
ALTER ROLE sharp_eyes_bi SET default_transaction_read_only = on;
ALTER ROLE sharp_eyes_bi SET idle_in_transaction_session_timeout = '60s';
ALTER ROLE sharp_eyes_bi SET search_path = bi;
ALTER ROLE sharp_eyes_bi CONNECTION LIMIT 20;
