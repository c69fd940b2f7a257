#!/bin/sh
# Makes our namespace and its search attributes, unless they are there.
set -eu

until temporal operator cluster health; do sleep 2; done
temporal operator namespace describe --namespace "$TEMPORAL_NAMESPACE" ||
  temporal operator namespace create --namespace "$TEMPORAL_NAMESPACE" --retention 7d
# A namespace that was just made is not known everywhere at once.
until temporal operator search-attribute create \
  --name CustomerId --type Keyword --name OrderStatus --type Keyword; do sleep 2; done
