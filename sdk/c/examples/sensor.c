/*
 * A sensor: a reading every second, or as often as the hub wants, kept until the hub has it, over reboots too. It takes new firmware: a
 * program, which it runs in its own place.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "env_sensor.h"
#include "hub_firmware.h"

#ifndef SENSOR_VERSION
#define SENSOR_VERSION "1.0.0"
#endif

typedef struct {
  hub_posix device;
  hub_firmware firmware;
  char new_firmware[4096];
  /* What operators may set, and the report of what holds. */
  env_sensor_desired settings;
  char report[ENV_SENSOR_REPORTED_MAX];
} sensor;

static hub_status on_identify(void *context, const char **error) {
  (void)context;
  (void)error;
  puts("blink");
  return HUB_SUCCEEDED;
}

/* What holds now, as the hub should know it. */
static void report_settings(sensor *self, const char *error) {
  const env_sensor_reported holds = {
      .has = ENV_SENSOR_REPORTED_HAS_INTERVALSEC | ENV_SENSOR_REPORTED_HAS_ALIAS | ENV_SENSOR_REPORTED_HAS_OFFSET,
      .intervalSec = self->settings.intervalSec,
      .alias = self->settings.alias,
      .offset = {.has = ENV_SENSOR_REPORTED_OFFSET_HAS_TEMPERATURE, .temperature = self->settings.offset.temperature},
  };
  if (env_sensor_reported_encode_json(&holds, self->report, sizeof self->report, NULL) > 0)
    hub_reported(&self->device.core, self->report, error);
}

static void on_desired(void *context, hub *core, const char *state, size_t length) {
  sensor *self = context;
  env_sensor_desired desired;
  hub_fault fault;
  (void)core;
  if (!env_sensor_desired_decode_json(&desired, state, length, &fault)) {
    report_settings(self, fault.rule);
    return;
  }
  /* What it does not name is back at the default. */
  self->settings = (env_sensor_desired){.intervalSec = 1};
  if ((desired.has & ENV_SENSOR_DESIRED_HAS_INTERVALSEC) != 0) self->settings.intervalSec = desired.intervalSec;
  if ((desired.has & ENV_SENSOR_DESIRED_HAS_ALIAS) != 0) strcpy(self->settings.alias, desired.alias);
  if ((desired.offset.has & ENV_SENSOR_DESIRED_OFFSET_HAS_TEMPERATURE) != 0) self->settings.offset = desired.offset;
  report_settings(self, NULL);
}

static hub_status on_set_interval(void *context, const env_sensor_set_interval_params *params, const char **error) {
  sensor *self = context;
  (void)error;
  self->settings.intervalSec = params->seconds;
  report_settings(self, NULL);
  return HUB_SUCCEEDED;
}

static void on_command(void *context, hub *core, const hub_command *command, hub_outcome *outcome) {
  static const env_sensor_commands commands = {.on_identify = on_identify, .on_set_interval = on_set_interval};
  (void)core;
  env_sensor_dispatch(&commands, context, command->name, command->data, command->length, outcome);
}

/* The new program takes the place of this one, with its environment. */
static const char *apply(void *context, const hub_offer *offer, const char *path) {
  sensor *self = context;
  char program[sizeof self->new_firmware + sizeof offer->version];
  snprintf(program, sizeof program, "%s-%s", path, offer->version);
  if (rename(path, program) != 0 || chmod(program, 0700) != 0) return strerror(errno);
  hub_posix_end(&self->device);
  execl(program, program, (char *)NULL);
  /* There is no way back from here: whatever watches the program starts the old one again. */
  perror(program);
  exit(1);
}

static void on_refused(void *context, const char *code, const char *path, const char *rule) {
  (void)context;
  fprintf(stderr, "refused: %s %s %s\n", code, path, rule);
}

static void on_log(void *context, const char *text) {
  (void)context;
  fprintf(stderr, "%s\n", text);
}

static void measure(sensor *self) {
  char data[ENV_SENSOR_ENV_MAX];
  const env_sensor_env reading = {
      .has = ENV_SENSOR_ENV_HAS_HUMIDITY,
      .temperature = 20 + (double)(rand() % 100) / 10 + self->settings.offset.temperature,
      .humidity = 40 + (double)(rand() % 200) / 10,
  };
  if (env_sensor_env_encode_json(&reading, data, sizeof data, NULL) > 0) hub_posix_measure(&self->device, "env", data);
}

int main(void) {
  static sensor self;
  const hub_posix_settings settings = {
      .url = getenv("HUB_URL"),
      .ca = getenv("HUB_CA"),
      .id = getenv("HUB_DEVICE_ID"),
      .secret = getenv("HUB_DEVICE_SECRET"),
      .type = ENV_SENSOR_TYPE,
      .firmware = SENSOR_VERSION,
      .state = getenv("HUB_DEVICE_STATE"),
      .part = &self.firmware.update.part,
      .context = &self,
      .on_command = on_command,
      .on_desired = on_desired,
      .on_refused = on_refused,
      .on_log = on_log,
  };
  snprintf(self.new_firmware, sizeof self.new_firmware, "%s/firmware", settings.state == NULL ? "." : settings.state);
  const hub_firmware_settings updates = {.path = self.new_firmware, .context = &self, .apply = apply};
  if (settings.url == NULL || !hub_firmware_begin(&self.firmware, &updates) || !hub_posix_begin(&self.device, &settings)) return 1;
  self.settings.intervalSec = 1;
  report_settings(&self, NULL);
  uint64_t measured = 0;
  for (bool first = true;; first = false) {
    const uint64_t now = hub_posix_uptime();
    if (first || now - measured >= (uint64_t)self.settings.intervalSec * 1000) {
      measure(&self);
      measured = now;
    }
    const bool is_busy = hub_firmware_step(&self.firmware, &self.device);
    hub_posix_step(&self.device, is_busy ? 0 : 50);
  }
}
