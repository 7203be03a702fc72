/*
 * A device that sleeps: it wakes, takes a reading, waits until the hub has stored everything, and sleeps again. Here to sleep is
 * to end, and whatever starts the program again wakes it; the state folder is its flash.
 */
#include <stdlib.h>

#include "env_sensor.h"
#include "hub_posix.h"

#define SLEEP_SEC 600
/* No hub in this time: the reading stays in the store, and goes with the next one. */
#define AWAKE_MS 20000

int main(void) {
  static hub_posix device;
  char data[ENV_SENSOR_ENV_MAX];
  const env_sensor_env reading = {.has = ENV_SENSOR_ENV_HAS_BATTERY, .temperature = 4.25, .battery = 3.61};
  const hub_posix_settings settings = {
      .url = getenv("HUB_URL"),
      .ca = getenv("HUB_CA"),
      .id = getenv("HUB_DEVICE_ID"),
      .secret = getenv("HUB_DEVICE_SECRET"),
      .type = ENV_SENSOR_TYPE,
      .state = getenv("HUB_DEVICE_STATE"),
  };
  if (settings.url == NULL || !hub_posix_begin(&device, &settings)) return 1;
  if (env_sensor_env_encode_json(&reading, data, sizeof data, NULL) > 0) hub_posix_measure(&device, "env", data);
  hub_bye(&device.core, SLEEP_SEC);
  const uint64_t woken = hub_posix_uptime();
  while (!hub_is_done(&device.core) && hub_posix_uptime() - woken < AWAKE_MS) hub_posix_step(&device, 100);
  hub_posix_end(&device);
  return hub_is_done(&device.core) ? 0 : 2;
}
