#!/bin/sh
# Makes the secrets of docker-compose.yml: passwords at random, and empty files for providers that are not used.
# What is there already stays.
set -eu
cd "$(dirname "$0")"
umask 077
mkdir -p secrets
random() { head -c 24 /dev/urandom | base64 | tr '+/' '-_'; }
for name in postgres_password temporal_password notifications_password notifications_app_password grafana_password; do
  [ -s "secrets/$name" ] || random > "secrets/$name"
done
# database_url FILE ROLE: the role that owns our tables and changes them, or the one that our programs run as.
database_url() {
  [ -s "secrets/$1" ] ||
    printf 'postgresql://%s:%s@postgres/order_notifications\n' "$2" "$(cat "secrets/$2_password")" > "secrets/$1"
}
database_url database_owner_url notifications
database_url database_url notifications_app
for name in smtp_password twilio_auth_token fcm_service_account apns_key; do
  [ -e "secrets/$name" ] || : > "secrets/$name"
done
# Containers read them as another user than yours.
chmod 755 secrets && chmod 644 secrets/*
echo "deploy/secrets: ready"
