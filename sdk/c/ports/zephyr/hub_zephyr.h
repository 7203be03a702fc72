/* Zephyr 3.5 and later: a link by the TLS sockets, the store on a flash area, uptime and randomness of the kernel. */
#ifndef HUB_ZEPHYR_H
#define HUB_ZEPHYR_H

#include <zephyr/storage/flash_map.h>

#include "hub_core.h"
#include "hub_flash.h"

typedef struct {
  hub core;
  const char *host;
  const char *port;
  /* Tag of the hub's CA, as added by tls_credential_add. */
  int ca_tag;
  int socket;
  uint8_t input[512];
  size_t input_begin;
  size_t input_end;
} hub_zephyr;

/* A fixed partition as flash for hub_flash_open; `sector_size` is that of the chip. Its writes must need no alignment. */
void hub_zephyr_flash(hub_flash *flash, const struct flash_area *area, uint32_t sector_size);
uint64_t hub_zephyr_uptime(void);
uint32_t hub_zephyr_random(void *context);
/* Set `socket` to -1 first. Does what is due, and waits for more for `most_ms` at most. */
void hub_zephyr_step(hub_zephyr *device, uint32_t most_ms);

#endif
