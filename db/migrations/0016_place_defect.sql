-- Why a place has no figures: it stays out of them until somebody settles it.

CREATE TABLE place_defect (
  place_id bigint PRIMARY KEY REFERENCES place (id) ON DELETE CASCADE,
  detail text NOT NULL CHECK (detail <> '')
);

CREATE VIEW bi.place_defect AS
SELECT p.id AS place_id, p.name AS place, p.kind::text AS kind, p.area_code, d.detail
FROM place_defect d JOIN place p ON p.id = d.place_id;
