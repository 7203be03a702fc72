/*
 * A gateway: it speaks for several sensors that have no network of their own, each with its own id and session, in one thread.
 * HUB_DEVICES has `id:secret` of each, separated by blanks.
 */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "env_sensor.h"
#include "hub_posix.h"

#define MOST 16

int main(void) {
  static hub_posix devices[MOST];
  static char states[MOST][512];
  const char *given = getenv("HUB_DEVICES");
  const char *state = getenv("HUB_DEVICE_STATE");
  char *list = given == NULL ? NULL : strdup(given);
  int count = 0;
  for (char *word = list == NULL ? NULL : strtok(list, " "); word != NULL && count < MOST; word = strtok(NULL, " ")) {
    char *colon = strchr(word, ':');
    if (colon == NULL) return 1;
    *colon = '\0';
    hub_posix_settings settings = {.url = getenv("HUB_URL"), .ca = getenv("HUB_CA"), .type = ENV_SENSOR_TYPE};
    settings.id = word;
    settings.secret = colon + 1;
    if (state != NULL) {
      snprintf(states[count], sizeof states[count], "%s/%s", state, word);
      settings.state = states[count];
    }
    if (settings.url == NULL || !hub_posix_begin(&devices[count], &settings)) return 1;
    count += 1;
  }
  if (count == 0) return 1;
  for (uint64_t next = hub_posix_uptime();;) {
    const bool due = hub_posix_uptime() >= next;
    if (due) next += 1000;
    for (int index = 0; index < count; index += 1) {
      char data[ENV_SENSOR_ENV_MAX];
      const env_sensor_env reading = {.has = ENV_SENSOR_ENV_HAS_RSSI, .temperature = 20 + index, .rssi = -60 - index};
      if (due && env_sensor_env_encode_json(&reading, data, sizeof data, NULL) > 0)
        hub_posix_measure(&devices[index], "env", data);
      /* Each has its share of the wait. */
      hub_posix_step(&devices[index], 50 / (uint32_t)count + 1);
    }
  }
}
