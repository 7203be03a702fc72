/*
 * A device for the tests. It sends 30 readings, as JSON, in CBOR with names or in short forms: HUB_CBOR is empty, `names` or `short`.
 * It ends when the hub has them. With `other` it was made with another order of fields, and ends when the hub has said so.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "env_sensor.h"
#include "hub_posix.h"

static void refused(void *context, const char *code, const char *path, const char *rule) {
  (void)context;
  printf("%s %s %s\n", code, path, rule);
  exit(0);
}

int main(void) {
  static hub_posix device;
  static hub_cbor cbor;
  hub_cbor_layout other = env_sensor_layout;
  other.fingerprint = "4-0123456789abcdef";
  const char *way = getenv("HUB_CBOR");
  if (way == NULL) return 1;
  hub_cbor_begin(&cbor, strcmp(way, "short") == 0 ? &env_sensor_layout : strcmp(way, "other") == 0 ? &other : NULL);
  const hub_posix_settings settings = {
      .url = getenv("HUB_URL"),
      .ca = getenv("HUB_CA"),
      .id = getenv("HUB_DEVICE_ID"),
      .secret = getenv("HUB_DEVICE_SECRET"),
      .type = ENV_SENSOR_TYPE,
      .on_refused = refused,
      .cbor = way[0] == '\0' ? NULL : &cbor.format,
  };
  if (settings.url == NULL || !hub_posix_begin(&device, &settings)) return 1;
  for (int number = 0; number < 30; number += 1) {
    char data[ENV_SENSOR_ENV_MAX];
    env_sensor_env reading = {.has = ENV_SENSOR_ENV_HAS_HUMIDITY, .temperature = 20 + number / 100.0, .humidity = 40 + number / 7.0};
    if (number % 3 != 0) {
      reading.has |= ENV_SENSOR_ENV_HAS_RSSI;
      reading.rssi = -number;
    }
    /* Two in one millisecond would be one. */
    for (const uint64_t now = hub_posix_uptime(); hub_posix_uptime() == now;) hub_posix_step(&device, 1);
    if (env_sensor_env_encode_json(&reading, data, sizeof data, NULL) == 0 || !hub_posix_measure(&device, "env", data)) return 1;
  }
  hub_bye(&device.core, 0);
  const uint64_t begun = hub_posix_uptime();
  while (!hub_is_done(&device.core) && hub_posix_uptime() - begun < 20000) hub_posix_step(&device, 100);
  return hub_is_done(&device.core) && hub_counts(&device.core)->settled == 30 ? 0 : 2;
}
