-- Evidence and facts about cameras. Transitions, unobserved time and faults are facts and kept;
-- failed observations and hourly summaries are evidence and pruned.

CREATE TYPE health AS ENUM ('unknown', 'up', 'down');
CREATE TYPE cause AS ENUM (
  'not_yet', 'collector_stopped', 'collector_lost', 'late', 'database_away', 'blind', 'clock_set_back',
  'not_polled');

-- The reasons of the program, so that views can explain them. Filled at each migration.
CREATE TABLE reason (
  code text PRIMARY KEY,
  says health,
  counts text NOT NULL,
  meaning text NOT NULL,
  advice text NOT NULL
);

-- The settings that views need, written by the running service. One row.
CREATE TABLE policy (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  cadence_s double precision NOT NULL CHECK (cadence_s > 0),
  patience_s double precision NOT NULL CHECK (patience_s >= cadence_s),
  clock_tolerance_s double precision NOT NULL CHECK (clock_tolerance_s > 0),
  timezone text NOT NULL
);
INSERT INTO policy (cadence_s, patience_s, clock_tolerance_s, timezone)
VALUES (60, 120, 30, 'Asia/Shanghai');

-- The latest of each camera: one row, rewritten by each observation (HOT: no index but the key).
CREATE TABLE camera_state (
  camera_id bigint PRIMARY KEY REFERENCES camera (id),
  health health NOT NULL,
  since timestamptz,
  health_reason text,
  health_detail text NOT NULL DEFAULT '',
  confirmed_at timestamptz,
  -- the run of observations that contradicts health and may become a transition
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
  clock_fault_since timestamptz,
  dark_since timestamptz,
  dark_cause cause,
  hour timestamptz,
  hour_asked integer NOT NULL DEFAULT 0,
  hour_up integer NOT NULL DEFAULT 0,
  hour_took_ms double precision NOT NULL DEFAULT 0,
  hour_took_max_ms real NOT NULL DEFAULT 0,
  changed_at timestamptz NOT NULL,
  CHECK ((health = 'unknown') = (since IS NULL)),
  CHECK ((streak_count = 0) = (streak_from IS NULL)),
  CHECK ((dark_since IS NULL) = (dark_cause IS NULL))
) WITH (fillfactor = 50);

-- Changes of health: the only source of uptime, and the outbox of alerts.
CREATE TABLE transition (
  camera_id bigint NOT NULL,
  at timestamptz NOT NULL,
  from_health health NOT NULL,
  to_health health NOT NULL,
  reason text NOT NULL,
  detail text NOT NULL DEFAULT '',
  recorded_at timestamptz NOT NULL,
  sent_at timestamptz,
  PRIMARY KEY (camera_id, at),
  CHECK (from_health <> to_health),
  CHECK (to_health <> 'unknown')
);
-- For db.facts.transitions of one day over all cameras (closing a day) and the boards' "changes per hour".
CREATE INDEX transition_at ON transition (at);

-- Stretches in which a camera was in service and nobody looked, each with its cause.
CREATE TABLE unobserved (
  camera_id bigint NOT NULL,
  starts_at timestamptz NOT NULL,
  ends_at timestamptz,
  cause cause NOT NULL,
  PRIMARY KEY (camera_id, starts_at),
  CHECK (ends_at > starts_at)
);
-- For recorder: the one open stretch of a camera; also forbids a second one.
CREATE UNIQUE INDEX unobserved_open ON unobserved (camera_id) WHERE ends_at IS NULL;

-- Named defects of a camera with their own open and close time.
CREATE TABLE fault (
  camera_id bigint NOT NULL,
  kind text NOT NULL CHECK (kind IN ('clock')),
  opened_at timestamptz NOT NULL,
  closed_at timestamptz,
  detail text NOT NULL DEFAULT '',
  PRIMARY KEY (camera_id, kind, opened_at),
  CHECK (closed_at >= opened_at)
);
-- For bi.camera_now: the open faults of a camera; also forbids a second open one of the same kind.
CREATE UNIQUE INDEX fault_open ON fault (camera_id, kind) WHERE closed_at IS NULL;

-- Evidence: each observation that was not good.
CREATE TABLE observation_failed (
  camera_id bigint NOT NULL,
  at timestamptz NOT NULL,
  reason text NOT NULL,
  detail text NOT NULL DEFAULT '',
  took_ms real NOT NULL,
  PRIMARY KEY (camera_id, at)
);
-- For db.evidence.prune.
CREATE INDEX observation_failed_at ON observation_failed USING brin (at);

-- Evidence: what was asked of a camera in one hour (UTC).
CREATE TABLE observation_hour (
  camera_id bigint NOT NULL,
  hour timestamptz NOT NULL,
  asked integer NOT NULL CHECK (asked > 0),
  up integer NOT NULL CHECK (up BETWEEN 0 AND asked),
  took_ms double precision NOT NULL,
  took_max_ms real NOT NULL,
  PRIMARY KEY (camera_id, hour)
);

-- The processes that ask, and when they were last alive. What lies between two lives is unobserved.
CREATE TABLE collector (
  name text PRIMARY KEY,
  started_at timestamptz NOT NULL,
  alive_at timestamptz NOT NULL,
  stopped_at timestamptz,
  cameras integer NOT NULL DEFAULT 0,
  asked bigint NOT NULL DEFAULT 0,
  dropped bigint NOT NULL DEFAULT 0,
  skipped bigint NOT NULL DEFAULT 0,
  late_p99_s double precision,
  loop_lag_s double precision,
  queue integer NOT NULL DEFAULT 0,
  CHECK (alive_at >= started_at)
);

-- All unobserved time, also that which a dead collector could not write: open since its last sign of life.
CREATE VIEW darkness AS
SELECT camera_id, starts_at, ends_at, cause FROM unobserved
UNION ALL
SELECT s.camera_id, greatest(l.alive_at, s.last_at), NULL,
  CASE WHEN l.stopped THEN 'collector_stopped' ELSE 'collector_lost' END::cause
FROM camera_state s
CROSS JOIN (
  SELECT max(alive_at) AS alive_at, bool_and(stopped_at IS NOT NULL) AS stopped FROM collector
) l
WHERE (l.stopped OR l.alive_at < now() - interval '30 seconds')
  AND NOT EXISTS (SELECT FROM unobserved u WHERE u.camera_id = s.camera_id AND u.ends_at IS NULL);
