#!/bin/sh
# Makes the secrets of docker-compose.yml: passwords at random, and empty files for providers that are not used.
# What is there already stays.
set -eu
cd "$(dirname "$0")"
umask 077
mkdir -p secrets
random() { head -c 24 /dev/urandom | base64 | tr '+/' '-_'; }
for name in postgres_password temporal_password notifications_password grafana_password; do
  [ -s "secrets/$name" ] || random > "secrets/$name"
done
[ -s secrets/database_url ] ||
  printf 'postgresql://notifications:%s@postgres/order_notifications\n' "$(cat secrets/notifications_password)" \
    > secrets/database_url
for name in smtp_password twilio_auth_token fcm_service_account apns_key; do
  [ -e "secrets/$name" ] || : > "secrets/$name"
done
# Containers read them as another user than yours.
chmod 755 secrets && chmod 644 secrets/*
echo "deploy/secrets: ready"
