-- What video platforms say about their cameras: read, never fed. A second witness beside our own questions.

-- Nobody sees a camera that only a platform knows, while that does not answer.
ALTER TYPE cause ADD VALUE 'feed_stale';

-- How long witnesses may contradict each other before it is told.
ALTER TABLE policy ADD COLUMN dispute_s double precision NOT NULL DEFAULT 600 CHECK (dispute_s > 0);

CREATE TYPE said AS ENUM ('on', 'off', 'unknown');

-- One row per platform of the configuration. fresh_at: the last reading that was whole. restarted_at: when it answered again after
-- a silence; what it says in the first minute after that is not believed.
CREATE TABLE platform (
  name text PRIMARY KEY CHECK (name <> ''),
  kind text NOT NULL,
  cadence_s double precision NOT NULL CHECK (cadence_s > 0),
  asked_at timestamptz,
  answered_at timestamptz,
  fresh_at timestamptz,
  restarted_at timestamptz,
  version text NOT NULL DEFAULT '',
  problem text NOT NULL DEFAULT '',
  partial boolean NOT NULL DEFAULT false,
  removed_at timestamptz
);

-- Each camera as a platform knows it, with its own word kept raw. since: since when it says so. gone_since: it was missing in
-- whole readings since then; a partial reading takes nothing away.
CREATE TABLE platform_channel (
  platform text NOT NULL REFERENCES platform (name),
  key text NOT NULL CHECK (key <> ''),
  camera_id bigint REFERENCES camera (id) ON DELETE SET NULL,
  code text NOT NULL,
  name text NOT NULL DEFAULT '',
  host text NOT NULL DEFAULT '',
  address text NOT NULL DEFAULT '',
  lon double precision,
  lat double precision,
  frame text NOT NULL DEFAULT '',
  said said NOT NULL,
  since timestamptz NOT NULL,
  raw text NOT NULL DEFAULT '',
  why text NOT NULL DEFAULT '',
  evidence_at timestamptz,
  first_seen_at timestamptz NOT NULL,
  seen_at timestamptz NOT NULL,
  gone_since timestamptz,
  PRIMARY KEY (platform, key)
);
-- For bi.camera_now and bi.disagreement: what platforms say of one camera.
CREATE INDEX platform_channel_camera ON platform_channel (camera_id) WHERE camera_id IS NOT NULL;

-- Each change of what a platform says of a camera, beside our own transitions.
CREATE TABLE witness_transition (
  camera_id bigint NOT NULL,
  witness text NOT NULL,
  at timestamptz NOT NULL,
  from_said said NOT NULL,
  to_said said NOT NULL,
  raw text NOT NULL DEFAULT '',
  PRIMARY KEY (camera_id, witness, at),
  CHECK (from_said <> to_said)
);

-- What can be believed of each channel now: nothing of a platform that is stale, refuses, or has just come back.
CREATE VIEW witness_now AS
SELECT h.camera_id, h.platform, h.key, h.code, h.since, h.raw, h.why, h.evidence_at, h.seen_at, p.fresh,
  CASE WHEN p.fresh AND h.gone_since IS NULL THEN h.said ELSE 'unknown'::said END AS said
FROM platform_channel h
JOIN (
  SELECT name,
    coalesce(answered_at > now() - make_interval(secs => 3 * cadence_s) AND problem = '', false)
      AND (restarted_at IS NULL OR restarted_at < now() - interval '60 seconds') AS fresh
  FROM platform WHERE removed_at IS NULL) p ON p.name = h.platform;

-- What platforms say of cameras that have no address to be asked at: their verdict. One that says on is believed before others.
CREATE VIEW heard AS
SELECT DISTINCT ON (w.camera_id) w.camera_id, w.said, w.seen_at, w.platform, w.raw
FROM witness_now w
JOIN camera c ON c.id = w.camera_id AND c.host IS NULL AND c.intent = 'in_service'
ORDER BY w.camera_id, array_position(ARRAY['on', 'off', 'unknown']::said[], w.said), w.seen_at DESC;

CREATE VIEW bi.platform_now AS
SELECT p.name AS platform, p.kind,
  CASE WHEN p.asked_at IS NULL THEN 'not asked' WHEN p.problem <> '' THEN 'refused'
    WHEN p.answered_at IS NULL OR p.answered_at < now() - make_interval(secs => 3 * p.cadence_s) THEN 'stale'
    WHEN p.restarted_at > now() - interval '60 seconds' THEN 'just back'
    WHEN p.partial THEN 'partial' ELSE 'fresh' END AS health,
  p.asked_at, p.answered_at, p.fresh_at, p.version, p.problem, p.cadence_s,
  count(w.key) AS channels,
  count(*) FILTER (WHERE w.said = 'on') AS said_on,
  count(*) FILTER (WHERE w.said = 'off') AS said_off,
  count(*) FILTER (WHERE w.said = 'unknown') AS said_unknown,
  count(w.camera_id) AS known, count(w.key) - count(w.camera_id) AS unknown_here
FROM platform p LEFT JOIN witness_now w ON w.platform = p.name
WHERE p.removed_at IS NULL
GROUP BY p.name;

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
  CASE WHEN c.host IS NULL THEN 'unknown' ELSE coalesce(s.health, 'unknown')::text END AS direct,
  (SELECT string_agg(DISTINCT w.said::text, ', ' ORDER BY w.said::text) FROM witness_now w WHERE w.camera_id = c.id) AS platform,
  c.lon, c.lat, c.kind::text AS kind, c.simulated, t.up, t.assessed,
  t.declared, t.register_state, t.attended,
  CASE WHEN c.host IS NULL AND EXISTS (SELECT FROM witness_now w WHERE w.camera_id = c.id) THEN 'platform'
    ELSE 'direct' END AS verdict_by
FROM camera c
JOIN camera_status t ON t.camera_id = c.id
LEFT JOIN area a ON a.code = c.area_code
LEFT JOIN camera_state s ON s.camera_id = c.id
LEFT JOIN reason r
  ON r.code = CASE WHEN s.health = 'down' THEN s.health_reason ELSE s.last_reason END;

-- Where the witnesses contradict each other for longer than the policy bears; neither is averaged away.
CREATE VIEW bi.disagreement AS
SELECT c.code AS camera_code, c.name, c.area_code, w.platform, d.kind, greatest(w.since, s.since) AS since,
  s.health::text AS direct, w.said::text AS said, w.raw, w.evidence_at, d.advice
FROM witness_now w
JOIN camera c ON c.id = w.camera_id AND c.intent = 'in_service' AND c.host IS NOT NULL
JOIN camera_state s ON s.camera_id = c.id AND s.dark_since IS NULL
CROSS JOIN LATERAL (
  SELECT 'ghost online' AS kind,
    'The platform calls it online and it does not answer. Believe the camera; look when the platform last heard of it.' AS advice
  WHERE w.said = 'on' AND s.health = 'down'
  UNION ALL
  SELECT 'not registered',
    'It answers, and the platform calls it offline. Look at its registration: server address, id, password, expiry.'
  WHERE w.said = 'off' AND s.health = 'up') d
CROSS JOIN policy p
WHERE greatest(w.since, s.since) < now() - make_interval(secs => p.dispute_s);
