/*
 * ESP-IDF 5: a link by esp-tls, the store on a data partition, uptime and randomness of the chip. Call hub_esp_step in a task of its own.
 */
#ifndef HUB_ESP_H
#define HUB_ESP_H

#include "esp_partition.h"
#include "esp_tls.h"
#include "hub_core.h"
#include "hub_flash.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  hub core;
  const char *host;
  int port;
  /* The hub's CA, PEM, with its NUL. */
  const char *ca;
  esp_tls_t *link;
  bool connecting;
  uint8_t input[512];
  size_t input_begin;
  size_t input_end;
} hub_esp;

/* A partition of type data as flash for hub_flash_open. False when there is none of this name. */
bool hub_esp_flash(hub_flash *flash, const char *partition);
/* Milliseconds since boot; deep sleep is a boot. */
uint64_t hub_esp_uptime(void);
uint32_t hub_esp_random(void *context);
/* Does what is due. Returns how long the task may sleep, ms, at most `most_ms`. */
uint32_t hub_esp_step(hub_esp *device, uint32_t most_ms);

#ifdef __cplusplus
}
#endif

#endif
