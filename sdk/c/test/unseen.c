/*
 * A device for the tests. `unseen measure` takes 20 readings and is gone, without a hub; `unseen deliver` sends what is in its store
 * and ends when the hub has it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "env_sensor.h"
#include "hub_posix.h"

int main(int argc, char **argv) {
  static hub_posix device;
  const hub_posix_settings settings = {
      .url = getenv("HUB_URL"),
      .ca = getenv("HUB_CA"),
      .id = getenv("HUB_DEVICE_ID"),
      .secret = getenv("HUB_DEVICE_SECRET"),
      .type = ENV_SENSOR_TYPE,
      .state = getenv("HUB_DEVICE_STATE"),
  };
  if (argc != 2 || settings.url == NULL || !hub_posix_begin(&device, &settings)) return 1;
  if (strcmp(argv[1], "measure") == 0) {
    for (int index = 0; index < 20; index += 1) {
      char data[ENV_SENSOR_ENV_MAX];
      const env_sensor_env reading = {.temperature = index};
      /* Two in one millisecond would be one. */
      for (const uint64_t now = hub_posix_uptime(); hub_posix_uptime() == now;) hub_posix_step(&device, 1);
      env_sensor_env_encode_json(&reading, data, sizeof data, NULL);
      if (!hub_posix_measure(&device, "env", data)) return 1;
    }
    return 0;
  }
  hub_bye(&device.core, 0);
  const uint64_t begun = hub_posix_uptime();
  while (!hub_is_done(&device.core) && hub_posix_uptime() - begun < 20000) hub_posix_step(&device, 100);
  const hub_counters *counts = hub_counts(&device.core);
  printf("%u settled, %u refused\n", (unsigned)counts->settled, (unsigned)counts->refused);
  return hub_is_done(&device.core) && counts->settled == 20 ? 0 : 2;
}
