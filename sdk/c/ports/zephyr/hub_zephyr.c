#include "hub_zephyr.h"

#include <errno.h>
#include <string.h>
#include <zephyr/kernel.h>
#include <zephyr/net/socket.h>
#include <zephyr/net/tls_credentials.h>
#include <zephyr/random/random.h>

uint64_t hub_zephyr_uptime(void) {
  return (uint64_t)k_uptime_get();
}

uint32_t hub_zephyr_random(void *context) {
  (void)context;
  return sys_rand32_get();
}

/* ---- flash ------------------------------------------------------------------------------------------------------- */

static bool area_read(void *context, uint32_t address, void *bytes, size_t length) {
  return flash_area_read((const struct flash_area *)context, (off_t)address, bytes, length) == 0;
}

static bool area_program(void *context, uint32_t address, const void *bytes, size_t length) {
  return flash_area_write((const struct flash_area *)context, (off_t)address, bytes, length) == 0;
}

/* One size for all; a device has one flash chip. */
static uint32_t area_sector_size;

static bool area_erase(void *context, uint32_t sector) {
  return flash_area_erase((const struct flash_area *)context, (off_t)(sector * area_sector_size), area_sector_size) == 0;
}

void hub_zephyr_flash(hub_flash *flash, const struct flash_area *area, uint32_t sector_size) {
  memset(flash, 0, sizeof *flash);
  area_sector_size = sector_size;
  flash->context = (void *)(uintptr_t)area;
  flash->sector_size = sector_size;
  flash->sectors = (uint32_t)(area->fa_size / sector_size);
  flash->read = area_read;
  flash->program = area_program;
  flash->erase = area_erase;
}

/* ---- the link ---------------------------------------------------------------------------------------------------- */

static void lose_link(hub_zephyr *device) {
  if (device->socket >= 0) zsock_close(device->socket);
  device->socket = -1;
  device->input_begin = device->input_end = 0;
  hub_closed(&device->core, hub_zephyr_uptime());
}

/* Connecting blocks; from then on nothing does. */
static void open_link(hub_zephyr *device) {
  struct zsock_addrinfo hints;
  struct zsock_addrinfo *found = NULL;
  const sec_tag_t tags[] = {device->ca_tag};
  const int verify = TLS_PEER_VERIFY_REQUIRED;
  memset(&hints, 0, sizeof hints);
  hints.ai_socktype = SOCK_STREAM;
  if (zsock_getaddrinfo(device->host, device->port, &hints, &found) != 0) {
    lose_link(device);
    return;
  }
  device->socket = zsock_socket(found->ai_family, SOCK_STREAM, IPPROTO_TLS_1_2);
  const bool linked = device->socket >= 0 &&
                      zsock_setsockopt(device->socket, SOL_TLS, TLS_SEC_TAG_LIST, tags, sizeof tags) == 0 &&
                      zsock_setsockopt(device->socket, SOL_TLS, TLS_HOSTNAME, device->host, strlen(device->host)) == 0 &&
                      zsock_setsockopt(device->socket, SOL_TLS, TLS_PEER_VERIFY, &verify, sizeof verify) == 0 &&
                      zsock_connect(device->socket, found->ai_addr, found->ai_addrlen) == 0;
  zsock_freeaddrinfo(found);
  if (linked) hub_opened(&device->core, hub_zephyr_uptime());
  else lose_link(device);
}

static bool is_later(void) {
  return errno == EAGAIN || errno == EWOULDBLOCK;
}

/* Moves bytes both ways. Returns true when some moved. */
static bool exchange(hub_zephyr *device) {
  size_t length;
  bool moved = false;
  const uint8_t *output = hub_output(&device->core, &length);
  if (length > 0) {
    const ssize_t sent = zsock_send(device->socket, output, length, ZSOCK_MSG_DONTWAIT);
    if (sent < 0 && !is_later()) {
      lose_link(device);
      return true;
    }
    if (sent > 0) hub_sent(&device->core, (size_t)sent);
    moved = sent > 0;
  }
  if (device->input_begin == device->input_end) {
    const ssize_t got = zsock_recv(device->socket, device->input, sizeof device->input, ZSOCK_MSG_DONTWAIT);
    if (got == 0 || (got < 0 && !is_later())) {
      lose_link(device);
      return true;
    }
    device->input_begin = 0;
    device->input_end = got > 0 ? (size_t)got : 0;
  }
  if (device->input_begin < device->input_end) {
    const size_t taken = hub_take(&device->core, hub_zephyr_uptime(), device->input + device->input_begin,
                                  device->input_end - device->input_begin);
    device->input_begin += taken;
    moved = moved || taken > 0;
  }
  return moved;
}

void hub_zephyr_step(hub_zephyr *device, uint32_t most_ms) {
  uint32_t wait = 0;
  for (int round = 0; round < 32; round += 1) {
    wait = hub_step(&device->core, hub_zephyr_uptime());
    if (!hub_wants_link(&device->core)) {
      if (device->socket < 0) break;
      lose_link(device);
    } else if (device->socket < 0) {
      open_link(device);
    } else if (!exchange(device)) {
      break;
    }
    most_ms = 0;
  }
  if (wait > most_ms) wait = most_ms;
  struct zsock_pollfd link = {device->socket, ZSOCK_POLLIN, 0};
  if (device->socket >= 0) zsock_poll(&link, 1, (int)wait);
  else k_msleep((int32_t)wait);
}
