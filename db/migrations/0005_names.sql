-- The read-only role was named after a programme; from here on it is camledger_bi. The schema is renamed by
-- db.migrate, before the first migration, since the list of migrations lies in it.

DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'camledger_bi') THEN
    ALTER ROLE sharp_eyes_bi RENAME TO camledger_bi; -- its rights, settings and password come along
  ELSE
    -- roles belong to the whole server, and another database of it was here first
    REVOKE SELECT ON ALL TABLES IN SCHEMA bi FROM sharp_eyes_bi;
    REVOKE USAGE ON SCHEMA bi FROM sharp_eyes_bi;
    ALTER DEFAULT PRIVILEGES IN SCHEMA bi REVOKE SELECT ON TABLES FROM sharp_eyes_bi;
    BEGIN
      DROP ROLE sharp_eyes_bi;
    EXCEPTION WHEN dependent_objects_still_exist OR insufficient_privilege OR undefined_object THEN NULL;
    END;
  END IF;
END $$;

-- also for a database that was restored without its rights
GRANT USAGE ON SCHEMA bi TO camledger_bi;
GRANT SELECT ON ALL TABLES IN SCHEMA bi TO camledger_bi;
ALTER DEFAULT PRIVILEGES IN SCHEMA bi GRANT SELECT ON TABLES TO camledger_bi;
