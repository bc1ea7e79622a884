-- How long recordings are kept, as platforms tell it, beside what the register declares: longer is a finding as shorter is.

ALTER TABLE platform ADD COLUMN kept_asked_at timestamptz;

-- oldest_at: the begin of the oldest recording, null where there is none; kept_at: when that was asked.
ALTER TABLE platform_channel
  ADD COLUMN oldest_at timestamptz,
  ADD COLUMN kept_at timestamptz,
  ADD CHECK (oldest_at IS NULL OR kept_at IS NOT NULL);

-- One row per declared camera and platform that was asked. Days are whole, so one day more or less is as declared; a camera that
-- is younger than its declared days cannot have kept so many.
CREATE VIEW bi.retention AS
SELECT camera_code, name, area_code, platform, declared_days, kept_days, oldest_at, asked_at, finding,
  CASE finding
    WHEN 'longer' THEN 'Recordings are kept longer than the register says: shorten the storage, or state and justify the longer time.'
    WHEN 'shorter' THEN 'Recordings are kept shorter than the register says: look at disk and schedule, or state the shorter time.'
    ELSE '' END AS advice
FROM (
  SELECT k.*,
    CASE WHEN kept_days > declared_days + 1 THEN 'longer'
      WHEN kept_days < declared_days - 1 AND first_entered_at < asked_at - make_interval(days => declared_days) THEN 'shorter'
      ELSE 'as declared' END AS finding
  FROM (
    SELECT g.camera_code, g.name, g.area_code, h.platform, g.retention_days AS declared_days,
      coalesce(floor(extract(epoch FROM h.kept_at - h.oldest_at) / 86400), 0)::integer AS kept_days,
      h.oldest_at, h.kept_at AS asked_at, g.first_entered_at
    FROM platform_channel h
    JOIN platform p ON p.name = h.platform AND p.removed_at IS NULL
    JOIN camera c ON c.id = h.camera_id AND c.intent = 'in_service'
    JOIN bi.register_now g ON g.camera_code = c.code AND g.declared
    WHERE h.kept_at IS NOT NULL AND h.gone_since IS NULL AND g.retention_days IS NOT NULL) k) f;

-- In public: whether recordings of a camera are kept as it declares; not for how many days, which change while one looks.
CREATE VIEW register_told AS
SELECT p.*, k.kept
FROM register_public p
LEFT JOIN (
  SELECT camera_code, CASE WHEN bool_or(finding = 'longer') THEN 'longer' WHEN bool_or(finding = 'shorter') THEN 'shorter'
    ELSE 'as declared' END AS kept
  FROM bi.retention GROUP BY camera_code) k ON k.camera_code = p.camera;
