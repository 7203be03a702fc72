#!/bin/sh
# Makes .env for compose.yaml and compose.cluster.yaml: a random password for each user, readable by you alone.
# Once: the volumes remember the passwords they were made with.
set -eu
umask 077
cd "$(dirname "$0")/.."
if [ -e .env ]; then
  echo ".env is there already; it is left as it is" >&2
  exit 1
fi
password() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }
cat > .env <<END
# The name by which devices reach this machine; it stands in the hub's certificate.
DEVICE_HOST=$(hostname)
INFLUX_ADMIN_PASSWORD=$(password)
INFLUX_HUB_PASSWORD=$(password)
INFLUX_GRAFANA_PASSWORD=$(password)
MQTT_HUB_PASSWORD=$(password)
MQTT_OPERATOR_PASSWORD=$(password)
MQTT_VIEWER_PASSWORD=$(password)
GRAFANA_ADMIN_PASSWORD=$(password)
POSTGRES_HUB_PASSWORD=$(password)
END
echo "made .env" >&2
