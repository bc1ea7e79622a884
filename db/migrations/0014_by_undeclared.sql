-- What cameras that count for nothing would see, beside what counts.

ALTER TABLE coverage_now ADD COLUMN undeclared double precision CHECK (undeclared BETWEEN 0 AND 1);

CREATE OR REPLACE VIEW bi.coverage_now AS
SELECT p.id AS place_id, p.name AS place, p.kind::text AS kind, p.area_code, a.name AS area,
  v.length_m, v.area_m2, q.share AS required, q.purpose, q.ground, q.review_due,
  v.designed, v.effective, v.upper, v.redundant, v.reachable,
  v.approach, v.lost_m, v.assumed, p.excluded_m, greatest(v.as_of, m.as_of) AS as_of, v.undeclared
FROM coverage_now v
JOIN place p ON p.id = v.place_id
LEFT JOIN requirement_now q ON q.place_id = v.place_id
LEFT JOIN coverage_model m ON true
LEFT JOIN area a ON a.code = p.area_code;

CREATE OR REPLACE VIEW bi.coverage_kind AS
SELECT kind, count(*) AS places, count(required) AS required_places,
  sum(length_m) AS length_m, sum(area_m2) AS area_m2,
  sum(designed * amount) / nullif(sum(amount), 0) AS designed,
  sum(effective * amount) / nullif(sum(amount), 0) AS effective,
  sum(upper * amount) / nullif(sum(amount), 0) AS upper,
  sum(redundant * amount) / nullif(sum(amount), 0) AS redundant,
  sum(lost_m) AS lost_m,
  sum(undeclared * amount) / nullif(sum(amount), 0) AS undeclared
FROM (
  SELECT *, CASE WHEN designed IS NOT NULL THEN coalesce(length_m, area_m2) END AS amount
  FROM bi.coverage_now
) place
GROUP BY kind;
