#!/bin/sh
# Run by the database's first start, and again whenever something is added here: a role for Temporal and two for us, and
# to each owner its own databases. What our programs' role may do there is granted by starter.py migrate.
set -eu

run() {
  psql --set=ON_ERROR_STOP=1 --username postgres --quiet "$@"
}

role() {
  run --set=name="$1" --set=password="$(cat "${SECRETS:-/run/secrets}/$2")" <<'SQL'
SELECT format('CREATE ROLE %I LOGIN PASSWORD %L', :'name', :'password')
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'name') \gexec
SQL
}

database() {
  run --set=name="$1" --set=owner="$2" <<'SQL'
SELECT format('CREATE DATABASE %I OWNER %I', :'name', :'owner')
 WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'name') \gexec
REVOKE ALL ON DATABASE :"name" FROM PUBLIC;
SQL
}

role temporal temporal_password
role notifications notifications_password
role notifications_app notifications_app_password
database temporal temporal
database temporal_visibility temporal
database order_notifications notifications
run <<'SQL'
GRANT CONNECT ON DATABASE order_notifications TO notifications_app;
REVOKE ALL ON DATABASE postgres, template1 FROM PUBLIC;
SQL
