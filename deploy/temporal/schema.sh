#!/bin/sh
# Brings Temporal's own tables up to date. May run again at any time.
set -eu
SQL_PASSWORD="$(cat /run/secrets/temporal_password)"
export SQL_PASSWORD

for database in temporal temporal_visibility; do
  tool() { temporal-sql-tool --plugin postgres12 --ep postgres --port 5432 --user temporal --db "$database" "$@"; }
  schema="/etc/temporal/schema/postgresql/v12/${database#temporal_}/versioned"
  # Fails harmlessly where there is a schema already; the update says so if there is none after all.
  tool setup-schema --version 0.0 || true
  tool update-schema --schema-dir "$schema"
done
