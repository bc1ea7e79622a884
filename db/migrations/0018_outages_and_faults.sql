-- An outage is one stretch of one camera being down; the word incident is kept for one cause of many.

DROP VIEW bi.incident;

-- One row per outage of one camera; ended_at is null while it lasts.
CREATE VIEW bi.outage AS
SELECT c.code AS camera_code, c.name, c.area_code, o.started_at, o.ended_at, o.reason
FROM (
  SELECT camera_id, to_health, at AS started_at, reason,
    lead(at) OVER (PARTITION BY camera_id ORDER BY at) AS ended_at
  FROM transition
) o
JOIN camera c ON c.id = o.camera_id
WHERE o.to_health = 'down';

-- A fault that is open is the only word that a camera is degraded; the state of the recorder holds none any more.
CREATE OR REPLACE VIEW camera_status AS
SELECT said.camera_id, status,
  (r.declared AND status IN ('ONLINE', 'DEGRADED'))::int AS up,
  (r.declared AND status IN ('ONLINE', 'DEGRADED', 'OFFLINE'))::int AS assessed,
  r.declared, r.state AS register_state, r.attended
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
      WHEN EXISTS (SELECT FROM fault f WHERE f.camera_id = c.id AND f.closed_at IS NULL) THEN 'DEGRADED'
      ELSE 'ONLINE'
    END AS status
  FROM camera c
  CROSS JOIN policy p
  LEFT JOIN camera_state s ON s.camera_id = c.id) said
JOIN camera_register r ON r.camera_id = said.camera_id;

CREATE OR REPLACE VIEW bi.camera_now AS
SELECT
  c.code AS camera_code, c.name, c.area_code, a.name AS area, t.status,
  coalesce(s.health, 'unknown')::text AS health, c.intent::text AS intent,
  CASE WHEN s.health = 'down' THEN s.health_reason ELSE s.last_reason END AS reason,
  r.meaning, r.advice,
  s.since, s.last_up_at AS last_seen, s.last_at AS last_asked, s.last_took_ms AS took_ms,
  s.clock_offset_s,
  (SELECT f.opened_at FROM fault f WHERE f.camera_id = c.id AND f.kind = 'clock' AND f.closed_at IS NULL) AS clock_fault_since,
  s.dark_since, s.dark_cause::text AS dark_cause,
  coalesce(s.health, 'unknown')::text AS direct, NULL::text AS platform,
  c.lon, c.lat, c.kind::text AS kind, c.simulated, t.up, t.assessed,
  t.declared, t.register_state, t.attended
FROM camera c
JOIN camera_status t ON t.camera_id = c.id
LEFT JOIN area a ON a.code = c.area_code
LEFT JOIN camera_state s ON s.camera_id = c.id
LEFT JOIN reason r
  ON r.code = CASE WHEN s.health = 'down' THEN s.health_reason ELSE s.last_reason END;

ALTER TABLE camera_state DROP COLUMN clock_fault_since;
