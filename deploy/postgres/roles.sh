#!/bin/sh
# Run once, by the database's first start: a role for Temporal, one for us, and to each its own databases.
set -eu

role() {
  psql --set=ON_ERROR_STOP=1 --username postgres --quiet --set=name="$1" --set=password="$(cat "/run/secrets/$2")" <<'SQL'
CREATE ROLE :"name" LOGIN PASSWORD :'password';
SQL
}

database() {
  psql --set=ON_ERROR_STOP=1 --username postgres --quiet --set=name="$1" --set=owner="$2" <<'SQL'
CREATE DATABASE :"name" OWNER :"owner";
REVOKE ALL ON DATABASE :"name" FROM PUBLIC;
SQL
}

role temporal temporal_password
role notifications notifications_password
database temporal temporal
database temporal_visibility temporal
database order_notifications notifications
