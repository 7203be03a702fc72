#!/bin/sh
# Starts Mosquitto with the users of acl, their passwords taken from the environment and stored as hashes.
set -eu
folder=${1:-/mosquitto}
passwords=$folder/data/passwords
umask 077
: > "$passwords"
mosquitto_passwd -b "$passwords" hub "$MQTT_HUB_PASSWORD"
mosquitto_passwd -b "$passwords" operator "$MQTT_OPERATOR_PASSWORD"
mosquitto_passwd -b "$passwords" viewer "$MQTT_VIEWER_PASSWORD"
# Mosquitto leaves root behind before it reads them.
if [ "$(id -u)" = 0 ]; then chown mosquitto "$passwords"; fi
exec mosquitto -c "$folder/config/mosquitto.conf"
