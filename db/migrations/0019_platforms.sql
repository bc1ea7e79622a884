-- What video platforms say about their cameras: read, never fed. A second witness beside our own questions.

-- Nobody sees a camera that only a platform knows, while that does not answer.
ALTER TYPE cause ADD VALUE 'feed_stale';

-- dispute_s: how long witnesses may contradict each other before it is told. judged_by: whose word counts where a camera does not
-- say it. feed_patience_s: after so long a silence of a platform nobody sees the cameras that it speaks for.
ALTER TABLE policy
  ADD COLUMN dispute_s double precision NOT NULL DEFAULT 600 CHECK (dispute_s > 0),
  ADD COLUMN judged_by text NOT NULL DEFAULT 'direct-then-platform'
    CHECK (judged_by IN ('direct', 'platform', 'direct-then-platform', 'both')),
  ADD COLUMN feed_patience_s double precision NOT NULL DEFAULT 120 CHECK (feed_patience_s > 0);

ALTER TABLE camera ADD COLUMN judged_by text
  CHECK (judged_by IN ('direct', 'platform', 'direct-then-platform', 'both'));

CREATE TYPE said AS ENUM ('on', 'off', 'unknown');

-- One row per platform of the configuration. fresh_at: the last reading that was whole. restarted_at: when it answered again after
-- a silence, upset_at: when half of its channels changed in one reading; what was read in the first minute after that is not believed.
-- clock_offset_s: its time less ours, as its HTTP answers are dated (to a second).
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
  clock_offset_s double precision,
  clock_read_at timestamptz,
  upset_at timestamptz,
  upset_channels integer NOT NULL DEFAULT 0,
  matched_revision bigint,
  removed_at timestamptz,
  CHECK ((clock_offset_s IS NULL) = (clock_read_at IS NULL))
);

-- Each camera as a platform knows it, with its own word kept raw. since: since when it says so. seen_at: null while it
-- stands in the latest reading, so that rows that stay the same are not written. missed: whole readings in a row
-- without it. gone_since: three of them; a partial reading takes nothing away. dismissed: the proposal that a person has turned down.
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
  seen_at timestamptz,
  missed integer NOT NULL DEFAULT 0 CHECK (missed >= 0),
  gone_since timestamptz,
  dismissed text,
  PRIMARY KEY (platform, key)
);
-- For bi.camera_now and bi.disagreement: what platforms say of one camera.
CREATE INDEX platform_channel_camera ON platform_channel (camera_id) WHERE camera_id IS NOT NULL;

-- Each change of the word of a platform about a camera, raw beside ours.
CREATE TABLE said_change (
  camera_id bigint NOT NULL,
  platform text NOT NULL,
  at timestamptz NOT NULL,
  from_said said NOT NULL,
  to_said said NOT NULL,
  raw text NOT NULL DEFAULT '',
  PRIMARY KEY (camera_id, platform, at),
  CHECK (from_said <> to_said)
);

-- Cameras with two witnesses: the state of each by the rules that the verdict's has in camera_state, which is what they say together.
-- sees_since: without a gap. lit_at, judged_by: of the verdict, the same in both rows.
CREATE TABLE witness_state (
  camera_id bigint NOT NULL REFERENCES camera (id),
  witness text NOT NULL CHECK (witness IN ('direct', 'platform')),
  judged_by text NOT NULL CHECK (judged_by IN ('direct', 'platform', 'direct-then-platform', 'both')),
  lit_at timestamptz,
  sees_since timestamptz,
  health health NOT NULL,
  since timestamptz,
  health_reason text,
  health_detail text NOT NULL DEFAULT '',
  confirmed_at timestamptz,
  streak_count integer NOT NULL DEFAULT 0 CHECK (streak_count >= 0),
  streak_from timestamptz,
  streak_reason text,
  streak_detail text NOT NULL DEFAULT '',
  last_at timestamptz,
  last_up_at timestamptz,
  last_reason text,
  last_detail text NOT NULL DEFAULT '',
  last_took_ms real,
  clock_offset_s double precision,
  dark_since timestamptz,
  dark_cause cause,
  hour timestamptz,
  hour_asked integer NOT NULL DEFAULT 0,
  hour_up integer NOT NULL DEFAULT 0,
  hour_took_ms double precision NOT NULL DEFAULT 0,
  hour_took_max_ms real NOT NULL DEFAULT 0,
  PRIMARY KEY (camera_id, witness),
  CHECK ((health = 'unknown') = (since IS NULL)),
  CHECK ((dark_since IS NULL) = (dark_cause IS NULL)),
  CHECK (sees_since IS NULL OR dark_since IS NULL)
) WITH (fillfactor = 50);

-- What each of two witnesses says by itself, confirmed and dated as the verdict is; that stands in transition.
CREATE TABLE witness_transition (
  camera_id bigint NOT NULL,
  witness text NOT NULL CHECK (witness IN ('direct', 'platform')),
  at timestamptz NOT NULL,
  from_health health NOT NULL,
  to_health health NOT NULL,
  reason text NOT NULL,
  detail text NOT NULL DEFAULT '',
  PRIMARY KEY (camera_id, witness, at),
  CHECK (from_health <> to_health)
);
CREATE VIEW bi.witness_transition AS
SELECT c.code AS camera_code, t.witness, t.at, t.from_health::text AS from_health, t.to_health::text AS to_health, t.reason
FROM witness_transition t JOIN camera c ON c.id = t.camera_id;

-- Which platforms can be believed now: not one that is stale, refuses, or has just come back or changed half of its mind.
CREATE VIEW platform_fresh AS
SELECT name, answered_at,
  coalesce(answered_at > now() - make_interval(secs => 3 * cadence_s) AND problem = '', false)
    AND coalesce(greatest(restarted_at, upset_at) + interval '60 seconds' <= answered_at, true) AS fresh
FROM platform WHERE removed_at IS NULL;

-- What can be believed of each channel now.
CREATE VIEW witness_now AS
SELECT h.camera_id, h.platform, h.key, h.code, h.since, h.raw, h.why, h.evidence_at,
  coalesce(h.seen_at, p.answered_at) AS seen_at, p.fresh,
  CASE WHEN p.fresh AND h.missed = 0 THEN h.said ELSE 'unknown'::said END AS said
FROM platform_channel h
JOIN platform_fresh p ON p.name = h.platform;

-- What platforms say of the cameras for which their word may count. One that says on is believed before others.
CREATE VIEW heard AS
SELECT DISTINCT ON (w.camera_id) w.camera_id, w.said, w.seen_at, w.platform, w.raw
FROM witness_now w
JOIN camera c ON c.id = w.camera_id AND c.intent = 'in_service'
CROSS JOIN policy p
WHERE coalesce(c.judged_by, p.judged_by) <> 'direct'
ORDER BY w.camera_id, array_position(ARRAY['on', 'off', 'unknown']::said[], w.said), w.seen_at DESC;

-- What we found ourselves of each camera that has an address, whoever has the last word.
CREATE VIEW direct_now AS
SELECT c.id AS camera_id, coalesce(w.health, s.health) AS health, coalesce(w.since, s.since) AS since,
  CASE WHEN w.camera_id IS NULL THEN s.last_at ELSE w.last_at END AS last_at,
  CASE WHEN w.camera_id IS NULL THEN s.dark_since ELSE w.dark_since END AS dark_since
FROM camera c
JOIN camera_state s ON s.camera_id = c.id
LEFT JOIN witness_state w ON w.camera_id = c.id AND w.witness = 'direct'
WHERE c.host IS NOT NULL;

CREATE VIEW bi.platform_now AS
SELECT p.name AS platform, p.kind,
  CASE WHEN p.asked_at IS NULL THEN 'not asked' WHEN p.problem <> '' THEN 'refused'
    WHEN p.answered_at IS NULL OR p.answered_at < now() - make_interval(secs => 3 * p.cadence_s) THEN 'stale'
    WHEN p.restarted_at + interval '60 seconds' > p.answered_at THEN 'just back'
    WHEN p.upset_at + interval '60 seconds' > p.answered_at THEN 'many at once'
    WHEN p.partial THEN 'partial' ELSE 'fresh' END AS health,
  p.asked_at, p.answered_at, p.fresh_at, p.version, p.problem, p.cadence_s, p.clock_offset_s,
  count(w.key) AS channels,
  count(*) FILTER (WHERE w.said = 'on') AS said_on,
  count(*) FILTER (WHERE w.said = 'off') AS said_off,
  count(*) FILTER (WHERE w.said = 'unknown') AS said_unknown,
  count(w.camera_id) AS known, count(w.key) - count(w.camera_id) AS unknown_here
FROM platform p LEFT JOIN witness_now w ON w.platform = p.name
WHERE p.removed_at IS NULL
GROUP BY p.name;

-- A camera that a platform speaks for is unknown after the platform's silence, not after ours.
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
        OR s.last_at < now() - make_interval(secs =>
          CASE WHEN s.last_reason IN ('platform_on', 'platform_off') THEN p.feed_patience_s ELSE p.patience_s END)
        THEN 'UNKNOWN'
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
  CASE WHEN d.health IS NULL OR d.dark_since IS NOT NULL THEN 'unknown' ELSE d.health::text END AS direct,
  (SELECT string_agg(DISTINCT w.said::text, ', ' ORDER BY w.said::text) FROM witness_now w WHERE w.camera_id = c.id) AS platform,
  c.lon, c.lat, c.kind::text AS kind, c.simulated, t.up, t.assessed,
  t.declared, t.register_state, t.attended,
  CASE WHEN s.last_reason IN ('platform_on', 'platform_off', 'feed_stale')
      OR c.host IS NULL AND EXISTS (SELECT FROM witness_now w WHERE w.camera_id = c.id) THEN 'platform'
    ELSE 'direct' END AS verdict_by,
  coalesce(c.judged_by, p.judged_by) AS judged_by, d.since AS direct_since, d.last_at AS direct_asked,
  (SELECT max(w.since) FROM witness_now w WHERE w.camera_id = c.id) AS platform_since,
  (SELECT max(w.seen_at) FROM witness_now w WHERE w.camera_id = c.id) AS platform_asked
FROM camera c
JOIN camera_status t ON t.camera_id = c.id
CROSS JOIN policy p
LEFT JOIN direct_now d ON d.camera_id = c.id
LEFT JOIN area a ON a.code = c.area_code
LEFT JOIN camera_state s ON s.camera_id = c.id
LEFT JOIN reason r
  ON r.code = CASE WHEN s.health = 'down' THEN s.health_reason ELSE s.last_reason END;

-- Where the witnesses contradict each other for longer than the policy bears; neither is averaged away. The last two are of a platform,
-- or of a camera and its platform: whoever stamps recordings and takes its time from a wrong clock is wrong everywhere at once.
CREATE VIEW bi.disagreement AS
WITH pair AS (
  SELECT c.code AS camera_code, c.name, c.area_code, w.platform, w.said, w.raw, w.evidence_at,
    greatest(w.since, d.since) AS since, d.health, s.clock_offset_s, f.clock_offset_s AS there_s, f.clock_read_at
  FROM witness_now w
  JOIN camera c ON c.id = w.camera_id AND c.intent = 'in_service'
  JOIN direct_now d ON d.camera_id = c.id AND d.dark_since IS NULL
  JOIN camera_state s ON s.camera_id = c.id
  JOIN platform f ON f.name = w.platform)
SELECT p.camera_code, p.name, p.area_code, p.platform, 'ghost online' AS kind, p.since,
  p.health::text AS direct, p.said::text AS said, p.raw, p.evidence_at,
  'The platform calls it online and it does not answer. Believe the camera; look when the platform last heard of it.' AS advice
FROM pair p CROSS JOIN policy o
WHERE p.said = 'on' AND p.health = 'down' AND p.since < now() - make_interval(secs => o.dispute_s)
UNION ALL
SELECT p.camera_code, p.name, p.area_code, p.platform, 'not registered', p.since, p.health::text, p.said::text, p.raw, p.evidence_at,
  'It answers, and the platform calls it offline. Look at its registration: server address, id, password, expiry.'
FROM pair p CROSS JOIN policy o
WHERE p.said = 'off' AND p.health = 'up' AND p.since < now() - make_interval(secs => o.dispute_s)
UNION ALL
SELECT p.camera_code, p.name, p.area_code, p.platform, 'clock differs', p.clock_read_at,
  round(p.clock_offset_s::numeric, 1)::text || ' s', round(p.there_s::numeric, 1)::text || ' s', '', NULL,
  'Camera and platform have different times, so recordings do not carry the time of the event. Give both the same time server.'
FROM pair p CROSS JOIN policy o
WHERE abs(p.clock_offset_s - p.there_s) > o.clock_tolerance_s + 1
UNION ALL
SELECT NULL, NULL, NULL, f.name, 'feed stale', coalesce(f.fresh_at, f.asked_at), '', 'unknown', f.problem, f.answered_at,
  'The platform has said nothing whole for long: what it said before is not known any more. See camledger platforms test.'
FROM platform f CROSS JOIN policy o
WHERE f.removed_at IS NULL AND f.asked_at IS NOT NULL
  AND coalesce(f.fresh_at, '-infinity') < now() - make_interval(secs => greatest(o.dispute_s, 3 * f.cadence_s))
UNION ALL
SELECT NULL, NULL, NULL, f.name, 'many at once', f.upset_at, '', f.upset_channels || ' changed', '', NULL,
  'So many cameras changed in one reading that it is one event of the platform or its network, not of each camera.'
FROM platform f CROSS JOIN policy o
WHERE f.removed_at IS NULL AND f.upset_at > now() - make_interval(secs => o.dispute_s);
