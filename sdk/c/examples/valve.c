/*
 * A valve: its position by command, which takes its time; the flow every few seconds, as often as its desired state says; an event when
 * it leaks.
 */
#include <stdio.h>
#include <stdlib.h>

#include "hub_posix.h"
#include "smart_valve.h"

/* The device and its motor, which moves ten percent in a tenth of a second. */
typedef struct {
  hub_posix device;
  double position;
  double target;
  uint64_t moved_at;
  char moving[HUB_COMMAND_ID + 1];
  /* What operators may set, and the report of what holds. */
  smart_valve_desired settings;
  char report[SMART_VALVE_REPORTED_MAX];
} valve;

#define FACTORY_INTERVAL_SEC 2

/* What holds now, as the hub should know it. */
static void report_settings(valve *self, const char *error) {
  const smart_valve_reported holds = {
      .has = SMART_VALVE_REPORTED_HAS_INTERVALSEC | SMART_VALVE_REPORTED_HAS_FAILPOSITION,
      .intervalSec = self->settings.intervalSec,
      .failPosition = (smart_valve_reported_failPosition)self->settings.failPosition,
  };
  if (smart_valve_reported_encode_json(&holds, self->report, sizeof self->report, NULL) > 0)
    hub_reported(&self->device.core, self->report, error);
}

static void use_defaults(valve *self) {
  self->settings = (smart_valve_desired){.intervalSec = FACTORY_INTERVAL_SEC};
}

static void on_desired(void *context, hub *core, const char *state, size_t length) {
  valve *self = context;
  smart_valve_desired desired;
  hub_fault fault;
  (void)core;
  if (!smart_valve_desired_decode_json(&desired, state, length, &fault)) {
    report_settings(self, fault.rule);
    return;
  }
  /* What it does not name is back at the default. */
  use_defaults(self);
  if ((desired.has & SMART_VALVE_DESIRED_HAS_INTERVALSEC) != 0) self->settings.intervalSec = desired.intervalSec;
  if ((desired.has & SMART_VALVE_DESIRED_HAS_FAILPOSITION) != 0) self->settings.failPosition = desired.failPosition;
  report_settings(self, NULL);
}

static hub_status on_set_position(void *context, const smart_valve_set_position_params *params,
                                  smart_valve_set_position_output *output, const char **error) {
  valve *self = context;
  (void)output;
  if (self->moving[0] != '\0') {
    *error = "it is moving";
    return HUB_FAILED;
  }
  self->target = params->percent;
  return HUB_RUNNING;
}

static hub_status on_close(void *context, const char **error) {
  valve *self = context;
  (void)error;
  self->position = self->target = 0;
  return HUB_SUCCEEDED;
}

static void on_command(void *context, hub *core, const hub_command *command, hub_outcome *outcome) {
  static const smart_valve_commands commands = {.on_set_position = on_set_position, .on_close = on_close};
  valve *self = context;
  (void)core;
  smart_valve_dispatch(&commands, context, command->name, command->data, command->length, outcome);
  if (outcome->status == HUB_RUNNING) snprintf(self->moving, sizeof self->moving, "%s", command->id);
}

static void move(valve *self, uint64_t now) {
  char output[SMART_VALVE_SET_POSITION_OUTPUT_MAX];
  if (self->moving[0] == '\0' || now - self->moved_at < 100) return;
  self->moved_at = now;
  const double left = self->target - self->position;
  self->position = left > 10 ? self->position + 10 : left < -10 ? self->position - 10 : self->target;
  hub_progress(&self->device.core, self->moving, (int)self->position, "moving");
  if (left > 10 || left < -10) return;
  const smart_valve_set_position_output reached = {.has = SMART_VALVE_SET_POSITION_OUTPUT_HAS_POSITION, .position = self->position};
  smart_valve_set_position_output_encode_json(&reached, output, sizeof output, NULL);
  hub_answer(&self->device.core, self->moving, HUB_SUCCEEDED, output, NULL);
  self->moving[0] = '\0';
}

static void measure(valve *self) {
  char data[SMART_VALVE_FLOW_MAX];
  const smart_valve_flow reading = {
      .has = SMART_VALVE_FLOW_HAS_POSITION | SMART_VALVE_FLOW_HAS_MODE,
      .flow = self->position * 1.2,
      .position = self->position,
      .mode = SMART_VALVE_FLOW_MODE_AUTOMATIC,
  };
  if (smart_valve_flow_encode_json(&reading, data, sizeof data, NULL) > 0) hub_posix_measure(&self->device, "flow", data);
}

static void report_leak(valve *self) {
  static char data[SMART_VALVE_EVENT_LEAK_MAX];
  const smart_valve_event_leak leak = {.has = SMART_VALVE_EVENT_LEAK_HAS_ZONE, .zone = "cellar"};
  if (smart_valve_event_leak_encode_json(&leak, data, sizeof data, NULL) > 0)
    hub_report(&self->device.core, hub_posix_uptime(), SMART_VALVE_EVENT_LEAK, HUB_CRITICAL, data);
}

int main(void) {
  static valve self;
  const hub_posix_settings settings = {
      .url = getenv("HUB_URL"),
      .ca = getenv("HUB_CA"),
      .id = getenv("HUB_DEVICE_ID"),
      .secret = getenv("HUB_DEVICE_SECRET"),
      .type = SMART_VALVE_TYPE,
      .state = getenv("HUB_DEVICE_STATE"),
      .context = &self,
      .on_command = on_command,
      .on_desired = on_desired,
  };
  if (settings.url == NULL || !hub_posix_begin(&self.device, &settings)) return 1;
  use_defaults(&self);
  report_settings(&self, NULL);
  report_leak(&self);
  for (uint64_t next = hub_posix_uptime();;) {
    const uint64_t now = hub_posix_uptime();
    if (now >= next) {
      measure(&self);
      next += (uint64_t)self.settings.intervalSec * 1000;
    }
    move(&self, now);
    hub_posix_step(&self.device, 50);
  }
}
