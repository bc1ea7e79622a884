-- Stored figures: the ledger per day, coverage per place, and the reports that were made of them.

-- Wall-clock seconds of one camera on one local day, split; they sum to ends_at - starts_at.
CREATE TABLE ledger_day (
  camera_id bigint NOT NULL,
  day date NOT NULL,
  starts_at timestamptz NOT NULL,
  ends_at timestamptz NOT NULL,
  up_s double precision NOT NULL CHECK (up_s >= 0),
  down_s double precision NOT NULL CHECK (down_s >= 0),
  unreachable_s double precision NOT NULL CHECK (unreachable_s >= 0),
  planned_s double precision NOT NULL CHECK (planned_s >= 0),
  exempt_s double precision NOT NULL CHECK (exempt_s >= 0),
  unobserved_s double precision NOT NULL CHECK (unobserved_s >= 0),
  out_of_service_s double precision NOT NULL CHECK (out_of_service_s >= 0),
  unobserved_by_cause jsonb NOT NULL DEFAULT '{}',
  outages integer NOT NULL DEFAULT 0 CHECK (outages >= 0),
  revision integer NOT NULL DEFAULT 1 CHECK (revision > 0),
  PRIMARY KEY (camera_id, day),
  CHECK (ends_at >= starts_at),
  CONSTRAINT ledger_day_sums_to_the_wall_clock CHECK (
    abs(up_s + down_s + unreachable_s + planned_s + exempt_s + unobserved_s + out_of_service_s
        - extract(epoch FROM ends_at - starts_at)) < 0.001)
);
-- For bi.ledger_area_day and the reports: all cameras of one day.
CREATE INDEX ledger_day_day ON ledger_day (day);

-- Which local days have stored figures, and whether these are final.
CREATE TABLE day_closed (
  day date PRIMARY KEY,
  ends_at timestamptz NOT NULL,
  computed_at timestamptz,
  final boolean NOT NULL DEFAULT false
);

CREATE TABLE ledger_area_day (
  area_code text NOT NULL,
  day date NOT NULL,
  cameras integer NOT NULL,
  up_s double precision NOT NULL,
  down_s double precision NOT NULL,
  unreachable_s double precision NOT NULL,
  planned_s double precision NOT NULL,
  exempt_s double precision NOT NULL,
  unobserved_s double precision NOT NULL,
  out_of_service_s double precision NOT NULL,
  outages integer NOT NULL,
  PRIMARY KEY (area_code, day)
);

CREATE TABLE coverage_now (
  place_id bigint PRIMARY KEY REFERENCES place (id) ON DELETE CASCADE,
  length_m double precision CHECK (length_m >= 0),
  area_m2 double precision CHECK (area_m2 >= 0),
  designed double precision CHECK (designed BETWEEN 0 AND 1),
  effective double precision CHECK (effective BETWEEN 0 AND 1),
  upper double precision CHECK (upper BETWEEN 0 AND 1),
  redundant double precision CHECK (redundant BETWEEN 0 AND 1),
  reachable double precision CHECK (reachable BETWEEN 0 AND 1),
  approach double precision CHECK (approach BETWEEN 0 AND 1),
  lost_m double precision,
  assumed boolean NOT NULL DEFAULT false,
  as_of timestamptz NOT NULL
);

-- Appended whenever a figure of a place changes; coverage over time is integrated from it.
CREATE TABLE coverage_change (
  place_id bigint NOT NULL,
  at timestamptz NOT NULL,
  designed double precision,
  effective double precision,
  upper double precision,
  PRIMARY KEY (place_id, at)
);
-- For db.coverage.close_day: the changes of one day over all places.
CREATE INDEX coverage_change_at ON coverage_change (at);

CREATE TABLE coverage_gap (
  place_id bigint NOT NULL REFERENCES place (id) ON DELETE CASCADE,
  from_m double precision NOT NULL,
  to_m double precision NOT NULL,
  kind text NOT NULL CHECK (kind IN ('never', 'dark')),
  from_lon double precision NOT NULL,
  from_lat double precision NOT NULL,
  to_lon double precision NOT NULL,
  to_lat double precision NOT NULL,
  line jsonb NOT NULL,
  PRIMARY KEY (place_id, from_m),
  CHECK (to_m > from_m)
);

-- What each camera carries (exclusive) or would bring back (solo, share), in metres of all places.
CREATE TABLE camera_coverage (
  camera_id bigint PRIMARY KEY,
  solo_m double precision NOT NULL,
  share_m double precision NOT NULL,
  exclusive_m double precision NOT NULL
);

-- Why a camera has no footprint or a doubtful one.
CREATE TABLE camera_defect (
  camera_id bigint NOT NULL,
  defect text NOT NULL,
  detail text NOT NULL DEFAULT '',
  PRIMARY KEY (camera_id, defect)
);

-- The model that the stored coverage rests on, printed with every report, and the last time at which
-- somebody made sure that it is current. One row.
CREATE TABLE coverage_model (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  model jsonb NOT NULL,
  as_of timestamptz NOT NULL
);

CREATE TABLE coverage_day (
  place_id bigint NOT NULL,
  day date NOT NULL,
  designed double precision,
  effective double precision,
  effective_min double precision,
  PRIMARY KEY (place_id, day)
);

CREATE TABLE report (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind text NOT NULL CHECK (kind IN ('daily', 'weekly', 'monthly')),
  first_day date NOT NULL,
  last_day date NOT NULL,
  made_at timestamptz NOT NULL,
  method text NOT NULL,
  figures jsonb NOT NULL,
  CHECK (last_day >= first_day)
);
