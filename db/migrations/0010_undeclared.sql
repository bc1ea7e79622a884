-- Undeclared counts for nothing: rates, ledgers of areas, coverage and the repair queue see declared cameras; both counts
-- travel with each figure. The raw status of every camera stays.

ALTER TABLE ledger_day ADD COLUMN declared boolean NOT NULL DEFAULT false;
ALTER TABLE ledger_area_day ADD COLUMN undeclared integer NOT NULL DEFAULT 0;

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
      WHEN s.clock_fault_since IS NOT NULL THEN 'DEGRADED'
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
  s.clock_offset_s, s.clock_fault_since,
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

-- Why each camera is there. One row per camera; the entry in force, or the one that waits for approval. No camera's address
-- and nothing of its network is in it.
CREATE VIEW bi.register_now AS
SELECT c.code AS camera_code, c.name, c.area_code, a.name AS area, g.state, g.declared, g.missing, g.attended,
  c.first_entered_at, g.declare_by, e.key AS entry, g.version,
  (SELECT count(*) FROM entry_camera o
   WHERE o.entry_id = g.entry_id AND o.version = g.version AND o.until_at IS NULL) AS shared_by,
  v.site, v.purpose, v.purpose_class, v.safety, v.need, v.ground, v.assessment, v.body, v.contact, v.sign,
  v.sign_seen_on, v.retention_days, v.declared_from, v.declared_until, v.review_due, v.features, v.position_grid_m,
  v.position_reason, v.cost_purchase, v.cost_year, v.cost_public, v.filing_no, v.filed_on, v.filing_authority,
  v.stated_by, v.stated_role, v.stated_at, v.approved_by, v.approved_role, v.approved_at, c.intent::text AS intent
FROM camera c
JOIN camera_register g ON g.camera_id = c.id
LEFT JOIN area a ON a.code = c.area_code
LEFT JOIN entry e ON e.id = g.entry_id
LEFT JOIN entry_version v ON v.entry_id = g.entry_id AND v.version = g.version;

-- The repair queue: cameras that are looked after; a declared safety purpose first, then age by days, then what one trip mends.
CREATE OR REPLACE VIEW bi.offline_now AS
SELECT camera_code, name, area_code, area, pole, reason, meaning, advice, since, confirmed_at, offline_s,
  one_trip, lon, lat,
  row_number() OVER (
    ORDER BY safety DESC, floor(offline_s / 86400) DESC, one_trip DESC, since, camera_code) AS repair_order,
  declared, register_state, safety, declare_by
FROM (
  SELECT
    n.camera_code, n.name, n.area_code, n.area, c.pole, n.reason, n.meaning, n.advice, n.since,
    s.confirmed_at, extract(epoch FROM now() - n.since)::double precision AS offline_s,
    CASE WHEN c.pole IS NULL THEN 1
      ELSE count(*) OVER (PARTITION BY c.area_code, c.pole) END AS one_trip,
    n.lon, n.lat, n.declared, n.register_state, g.safety AND g.declared AS safety, g.declare_by
  FROM bi.camera_now n
  JOIN camera c ON c.code = n.camera_code
  JOIN camera_state s ON s.camera_id = c.id
  JOIN camera_register g ON g.camera_id = c.id
  WHERE n.status = 'OFFLINE' AND n.attended) o;

CREATE OR REPLACE VIEW bi.fault_now AS
SELECT c.code AS camera_code, c.name, c.area_code, f.kind, f.opened_at AS since, f.detail
FROM fault f
JOIN camera c ON c.id = f.camera_id
JOIN camera_register g ON g.camera_id = c.id
WHERE f.closed_at IS NULL AND g.attended;

DROP VIEW bi.area_now, bi.estate_now, status_count;
-- The status of each camera is worked out once, then summed up the tree.
CREATE VIEW status_count AS
WITH said AS MATERIALIZED (
  SELECT c.area_code, t.status, t.up, t.assessed, t.declared, t.attended
  FROM camera_status t JOIN camera c ON c.id = t.camera_id),
own AS MATERIALIZED (
  SELECT area_code, count(*) AS cameras,
    count(*) FILTER (WHERE status = 'ONLINE') AS online,
    count(*) FILTER (WHERE status = 'DEGRADED') AS degraded,
    count(*) FILTER (WHERE status = 'OFFLINE') AS offline,
    count(*) FILTER (WHERE status = 'UNKNOWN') AS unknown,
    count(*) FILTER (WHERE status = 'EXEMPT') AS exempt,
    count(*) FILTER (WHERE status = 'REPAIR') AS repair,
    count(*) FILTER (WHERE status = 'PLANNED') AS planned,
    count(*) FILTER (WHERE status = 'RETIRED') AS retired,
    count(*) FILTER (WHERE NOT declared AND status <> 'RETIRED') AS undeclared,
    count(*) FILTER (WHERE NOT attended AND status <> 'RETIRED') AS unattended,
    sum(up) AS up, sum(assessed) AS assessed
  FROM said GROUP BY area_code),
spread AS (
  SELECT tree.ancestor AS of_area, own.* FROM area_tree tree LEFT JOIN own ON own.area_code = tree.code
  UNION ALL
  SELECT NULL, own.* FROM (VALUES (1)) whole LEFT JOIN own ON true)
SELECT of_area AS area_code,
  coalesce(sum(cameras), 0)::bigint AS cameras, coalesce(sum(online), 0)::bigint AS online,
  coalesce(sum(degraded), 0)::bigint AS degraded, coalesce(sum(offline), 0)::bigint AS offline,
  coalesce(sum(unknown), 0)::bigint AS unknown, coalesce(sum(exempt), 0)::bigint AS exempt,
  coalesce(sum(repair), 0)::bigint AS repair, coalesce(sum(planned), 0)::bigint AS planned,
  coalesce(sum(retired), 0)::bigint AS retired, coalesce(sum(undeclared), 0)::bigint AS undeclared,
  coalesce(sum(unattended), 0)::bigint AS unattended, coalesce(sum(up), 0)::bigint AS up,
  coalesce(sum(assessed), 0)::bigint AS assessed
FROM spread GROUP BY of_area;

-- One row per area with all areas below it, and one without a code for all cameras.
CREATE VIEW bi.count_now AS
SELECT s.area_code, a.name AS area, a.parent_code, a.level, s.cameras, s.online, s.degraded,
  s.offline, s.unknown, s.exempt, s.repair, s.planned, s.retired, s.undeclared, s.unattended, s.up, s.assessed,
  bi.online_rate(s.up, s.assessed) AS online_rate
FROM status_count s LEFT JOIN area a ON a.code = s.area_code;

CREATE VIEW bi.area_now AS SELECT * FROM bi.count_now WHERE area_code IS NOT NULL;

CREATE VIEW bi.estate_now AS
SELECT cameras, online, degraded, offline, unknown, exempt, repair, planned, retired, undeclared, unattended, up,
  assessed, online_rate, now() AS as_of, (SELECT max(last_at) FROM camera_state) AS observed_at
FROM bi.count_now WHERE area_code IS NULL;

CREATE OR REPLACE VIEW bi.ledger_day AS
SELECT c.code AS camera_code, l.day, l.up_s, l.down_s, l.unreachable_s, l.planned_s, l.exempt_s,
  l.unobserved_s, l.out_of_service_s, l.unobserved_by_cause, l.outages, l.starts_at, l.ends_at,
  l.revision, c.area_code, l.up_s + l.down_s + l.unreachable_s AS assessed_s, l.declared
FROM ledger_day l JOIN camera c ON c.id = l.camera_id;

CREATE OR REPLACE VIEW bi.ledger_area_day AS
SELECT l.area_code, a.name AS area, l.day, l.cameras, l.up_s, l.down_s, l.unreachable_s,
  l.planned_s, l.exempt_s, l.unobserved_s, l.out_of_service_s, l.outages,
  l.up_s + l.down_s + l.unreachable_s AS assessed_s, l.undeclared
FROM ledger_area_day l JOIN area a ON a.code = l.area_code;

-- Declare or remove: every camera that is not declared, and for how long it is still looked after.
CREATE VIEW bi.declare_now AS
SELECT camera_code, name, area_code, area, state, missing, first_entered_at, declare_by, attended,
  greatest(ceil(extract(epoch FROM declare_by - now()) / 86400), 0)::integer AS days_left
FROM bi.register_now WHERE NOT declared AND intent <> 'retired';
