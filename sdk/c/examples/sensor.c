/* A sensor: a reading every second, kept until the hub has it, over reboots too. */
#include <stdio.h>
#include <stdlib.h>

#include "env_sensor.h"
#include "hub_posix.h"

static uint64_t interval_ms = 1000;

static hub_status on_identify(void *context, const char **error) {
  (void)context;
  (void)error;
  puts("blink");
  return HUB_SUCCEEDED;
}

static hub_status on_set_interval(void *context, const env_sensor_set_interval_params *params, const char **error) {
  (void)context;
  (void)error;
  interval_ms = (uint64_t)params->seconds * 1000;
  return HUB_SUCCEEDED;
}

static void on_command(void *context, hub *core, const hub_command *command, hub_outcome *outcome) {
  static const env_sensor_commands commands = {.on_identify = on_identify, .on_set_interval = on_set_interval};
  (void)core;
  env_sensor_dispatch(&commands, context, command->name, command->data, command->length, outcome);
}

static void on_refused(void *context, const char *code, const char *path, const char *rule) {
  (void)context;
  fprintf(stderr, "refused: %s %s %s\n", code, path, rule);
}

static void on_log(void *context, const char *text) {
  (void)context;
  fprintf(stderr, "%s\n", text);
}

int main(void) {
  static hub_posix device;
  const hub_posix_settings settings = {
      .url = getenv("HUB_URL"),
      .ca = getenv("HUB_CA"),
      .id = getenv("HUB_DEVICE_ID"),
      .secret = getenv("HUB_DEVICE_SECRET"),
      .type = ENV_SENSOR_TYPE,
      .firmware = "1.0.0",
      .state = getenv("HUB_DEVICE_STATE"),
      .on_command = on_command,
      .on_refused = on_refused,
      .on_log = on_log,
  };
  if (settings.url == NULL || !hub_posix_begin(&device, &settings)) return 1;
  for (uint64_t next = hub_posix_uptime();;) {
    if (hub_posix_uptime() >= next) {
      char data[ENV_SENSOR_ENV_MAX];
      const env_sensor_env reading = {
          .has = ENV_SENSOR_ENV_HAS_HUMIDITY,
          .temperature = 20 + (double)(rand() % 100) / 10,
          .humidity = 40 + (double)(rand() % 200) / 10,
      };
      if (env_sensor_env_encode_json(&reading, data, sizeof data, NULL) > 0) hub_posix_measure(&device, "env", data);
      next += interval_ms;
    }
    hub_posix_step(&device, 50);
  }
}
