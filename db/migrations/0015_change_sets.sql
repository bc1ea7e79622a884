-- Change sets: what one file, one order or one undo changed in the inventory, numbered, each of which can be taken back.

CREATE TABLE change_set (
  number integer PRIMARY KEY,
  what text NOT NULL CHECK (what IN ('areas', 'cameras', 'places')),
  at timestamptz NOT NULL,
  by text NOT NULL CHECK (by <> ''),
  source text NOT NULL CHECK (source <> ''), -- name of the file, or of the order
  digest bytea CHECK (length(digest) = 32),  -- SHA-256 of the file
  reason text CHECK (reason <> ''),
  undoes integer REFERENCES change_set (number),
  added integer NOT NULL,
  changed integer NOT NULL,
  removed integer NOT NULL
);

-- before, after: only the fields that differ. No before: it was added. No after: it was removed.
CREATE TABLE change (
  number integer NOT NULL REFERENCES change_set (number),
  what text NOT NULL CHECK (what IN ('areas', 'cameras', 'places')),
  key text NOT NULL,
  before jsonb,
  after jsonb,
  PRIMARY KEY (number, what, key),
  CHECK (num_nonnulls(before, after) > 0)
);
-- For db.changes.conflicts: what changed the same thing later.
CREATE INDEX change_key ON change (what, key, number);

INSERT INTO change_set (number, what, at, by, source, added, changed, removed)
SELECT row_number() OVER (ORDER BY at, source), 'cameras', at, 'before change sets', coalesce(nullif(source, ''), '—'), 0, count(*), 0
FROM camera_change GROUP BY at, source;
INSERT INTO change (number, what, key, before, after)
SELECT s.number, 'cameras', c.code,
  (SELECT jsonb_object_agg(key, value -> 0) FROM jsonb_each(h.change)),
  (SELECT jsonb_object_agg(key, value -> 1) FROM jsonb_each(h.change))
FROM camera_change h
JOIN camera c ON c.id = h.camera_id
JOIN change_set s ON s.at = h.at AND s.source = coalesce(nullif(h.source, ''), '—')
WHERE h.change <> '{}';
DROP TABLE camera_change;

-- A camera that was deleted keeps the day of its first entry, in case it comes back (design 1.1).
CREATE TABLE camera_gone (
  code text NOT NULL,
  at timestamptz NOT NULL,
  host text,
  port integer NOT NULL,
  lon double precision,
  lat double precision,
  direction text,
  first_entered_at timestamptz NOT NULL,
  PRIMARY KEY (code, at)
);

-- What refers to areas may come before them within one change set.
ALTER TABLE camera ALTER CONSTRAINT camera_area_code_fkey DEFERRABLE INITIALLY IMMEDIATE;
ALTER TABLE place ALTER CONSTRAINT place_area_code_fkey DEFERRABLE INITIALLY IMMEDIATE;

-- Each thing of the inventory as a file may speak of it: field by field, those of the sheet as "sheet.NAME".
CREATE VIEW inventory AS
SELECT 'areas' AS what, code AS key, to_jsonb(a) - 'code' AS fields FROM area a
UNION ALL
SELECT 'cameras', code,
  to_jsonb(c) - '{id,code,sheet,created_at,updated_at,first_entered_at}'::text[]
  || coalesce((SELECT jsonb_object_agg('sheet.' || key, value) FROM jsonb_each(c.sheet)), '{}')
FROM camera c
UNION ALL
SELECT 'places', p.kind || ' ' || p.code,
  to_jsonb(p) - '{id,updated_at}'::text[] || jsonb_build_object('requirement',
    CASE WHEN r.share IS NOT NULL THEN jsonb_build_object(
      'share', r.share, 'purpose', r.purpose, 'ground', r.ground, 'review_due', r.review_due) END)
FROM place p
LEFT JOIN requirement r ON r.place_id = p.id AND r.withdrawn_at IS NULL;

-- The sheet among the fields of a camera.
CREATE FUNCTION sheet_of(fields jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS
$$ SELECT coalesce(jsonb_object_agg(substr(key, 7), value), '{}') FROM jsonb_each(fields) WHERE key LIKE 'sheet.%' $$;

CREATE VIEW bi.change_set AS
SELECT number, what, at, by, source, encode(digest, 'hex') AS digest, reason, undoes, added, changed, removed
FROM change_set;
