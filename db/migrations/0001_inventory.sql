-- The inventory: areas, cameras, places, and what was changed when.
-- Citus: area, camera and place are reference tables; growing tables carry camera_id first in their keys.

CREATE TYPE intent AS ENUM ('planned', 'trial', 'in_service', 'repair', 'retired');
CREATE TYPE camera_kind AS ENUM (
  'dome_ptz', 'half_dome', 'fixed', 'ptz_bullet', 'ptz_half_dome', 'panorama', 'multi', 'unknown');
CREATE TYPE place_kind AS ENUM ('street', 'school', 'key_area');

CREATE TABLE area (
  code text PRIMARY KEY CHECK (code <> ''),
  name text NOT NULL CHECK (name <> ''),
  parent_code text REFERENCES area (code) DEFERRABLE INITIALLY DEFERRED,
  level text NOT NULL DEFAULT '',
  CHECK (parent_code <> code)
);

CREATE TABLE camera (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  code text NOT NULL UNIQUE CHECK (code <> ''),
  name text NOT NULL,
  area_code text REFERENCES area (code),
  intent intent NOT NULL,
  host text CHECK (host <> ''),
  port integer NOT NULL DEFAULT 80 CHECK (port BETWEEN 1 AND 65535),
  lon double precision CHECK (lon BETWEEN -180 AND 180),
  lat double precision CHECK (lat BETWEEN -90 AND 90),
  kind camera_kind NOT NULL DEFAULT 'unknown',
  direction text,
  angle_deg double precision CHECK (angle_deg > 0 AND angle_deg <= 360),
  range_m double precision CHECK (range_m > 0),
  indoor boolean NOT NULL DEFAULT false,
  point_class text,
  pole text,
  address text,
  simulated boolean NOT NULL DEFAULT false,
  sheet jsonb NOT NULL DEFAULT '{}',
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  CHECK ((lon IS NULL) = (lat IS NULL))
);

-- Every change of a camera's file, kept for good (台账).
CREATE TABLE camera_change (
  camera_id bigint NOT NULL REFERENCES camera (id),
  at timestamptz NOT NULL,
  source text NOT NULL,
  change jsonb NOT NULL,
  PRIMARY KEY (camera_id, at)
);

-- What people decided about a camera, and from when on. A fact of the ledger.
CREATE TABLE intent_change (
  camera_id bigint NOT NULL REFERENCES camera (id),
  at timestamptz NOT NULL,
  intent intent NOT NULL,
  PRIMARY KEY (camera_id, at)
);

-- Time approved by people: planned maintenance, or exempt by notice (报备).
CREATE TABLE camera_window (
  camera_id bigint NOT NULL REFERENCES camera (id),
  starts_at timestamptz NOT NULL,
  ends_at timestamptz NOT NULL,
  kind text NOT NULL CHECK (kind IN ('planned', 'exempt')),
  reason_code text NOT NULL,
  approved_by text NOT NULL,
  PRIMARY KEY (camera_id, kind, starts_at),
  CHECK (ends_at > starts_at)
);

CREATE TABLE place (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind place_kind NOT NULL,
  code text NOT NULL CHECK (code <> ''),
  name text NOT NULL,
  area_code text REFERENCES area (code),
  area_type text,
  geometry jsonb NOT NULL,
  required integer CHECK (required > 0),
  excluded_m double precision NOT NULL DEFAULT 0 CHECK (excluded_m >= 0),
  updated_at timestamptz NOT NULL,
  UNIQUE (kind, code)
);

-- Counts the changes of the inventory, so that workers know when to read it again.
CREATE TABLE inventory_revision (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  revision bigint NOT NULL DEFAULT 0
);
INSERT INTO inventory_revision DEFAULT VALUES;
