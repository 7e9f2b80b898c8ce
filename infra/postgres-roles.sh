#!/bin/sh
# Runs once, when the database is made: two roles, so that the application owns nothing.
# The same statements as `docvault database roles` prints, with a password for each.
set -eu
psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username postgres --dbname docvault \
    --set owner_password="$(cat "${SECRETS:-/run/secrets}/database_owner_password")" \
    --set app_password="$(cat "${SECRETS:-/run/secrets}/database_app_password")" <<'SQL'
SET log_statement = 'none';
CREATE ROLE "docvault_owner" LOGIN;
CREATE ROLE "docvault_app" LOGIN;
ALTER DATABASE "docvault" OWNER TO "docvault_owner";
REVOKE ALL ON DATABASE "docvault" FROM PUBLIC;
ALTER SCHEMA public OWNER TO "docvault_owner";
REVOKE ALL ON SCHEMA public FROM PUBLIC;
ALTER ROLE "docvault_owner" PASSWORD :'owner_password';
ALTER ROLE "docvault_app" PASSWORD :'app_password';
SQL
