-- What reports go by: purpose and contract, never the unit. And what was taken away.

-- Of the entry that counts or waits; contract: the number of the file, else who maintains it, else nothing.
CREATE VIEW bi.camera_group AS
SELECT c.code AS camera_code, coalesce(v.purpose_class, v.purpose) AS purpose, v.body,
  coalesce(nullif(c.sheet ->> 'contract_no', ''), nullif(c.sheet ->> 'maintainer', '')) AS contract
FROM camera c
JOIN camera_register g ON g.camera_id = c.id
LEFT JOIN entry_version v ON v.entry_id = g.entry_id AND v.version = g.version;

-- A camera that was taken away: good news where it was needless.
CREATE VIEW bi.removal AS
SELECT c.code AS camera_code, c.name, i.at AS removed_at
FROM intent_change i JOIN camera c ON c.id = i.camera_id
WHERE i.intent = 'retired' AND c.intent = 'retired' AND NOT EXISTS (
  SELECT FROM intent_change e WHERE e.camera_id = i.camera_id AND e.at < i.at AND e.intent = 'retired');
