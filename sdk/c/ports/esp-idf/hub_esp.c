#include "hub_esp.h"

#include <string.h>

#include "esp_random.h"
#include "esp_timer.h"

uint64_t hub_esp_uptime(void) {
  return (uint64_t)(esp_timer_get_time() / 1000);
}

uint32_t hub_esp_random(void *context) {
  (void)context;
  return esp_random();
}

/* ---- flash ------------------------------------------------------------------------------------------------------- */

static bool flash_read(void *context, uint32_t address, void *bytes, size_t length) {
  return esp_partition_read((const esp_partition_t *)context, address, bytes, length) == ESP_OK;
}

static bool flash_program(void *context, uint32_t address, const void *bytes, size_t length) {
  return esp_partition_write((const esp_partition_t *)context, address, bytes, length) == ESP_OK;
}

static bool flash_erase(void *context, uint32_t sector) {
  const esp_partition_t *partition = (const esp_partition_t *)context;
  return esp_partition_erase_range(partition, sector * partition->erase_size, partition->erase_size) == ESP_OK;
}

bool hub_esp_flash(hub_flash *flash, const char *name) {
  const esp_partition_t *partition = esp_partition_find_first(ESP_PARTITION_TYPE_DATA, ESP_PARTITION_SUBTYPE_ANY, name);
  if (partition == NULL || partition->size / partition->erase_size < 2) return false;
  memset(flash, 0, sizeof *flash);
  /* The partition is constant; only the port's functions see the pointer. */
  flash->context = (void *)(uintptr_t)partition;
  flash->sector_size = partition->erase_size;
  flash->sectors = partition->size / partition->erase_size;
  flash->read = flash_read;
  flash->program = flash_program;
  flash->erase = flash_erase;
  return true;
}

/* ---- the link ---------------------------------------------------------------------------------------------------- */

static void close_link(hub_esp *device) {
  if (device->link != NULL) esp_tls_conn_destroy(device->link);
  device->link = NULL;
  device->connecting = false;
  device->input_begin = device->input_end = 0;
}

static void lose_link(hub_esp *device) {
  close_link(device);
  hub_closed(&device->core, hub_esp_uptime());
}

static void connect_link(hub_esp *device) {
  esp_tls_cfg_t config;
  memset(&config, 0, sizeof config);
  config.cacert_buf = (const unsigned char *)device->ca;
  config.cacert_bytes = (unsigned int)strlen(device->ca) + 1;
  config.non_block = true;
  config.timeout_ms = 10000;
  if (device->link == NULL) device->link = esp_tls_init();
  if (device->link == NULL) {
    lose_link(device);
    return;
  }
  device->connecting = true;
  const int done = esp_tls_conn_new_async(device->host, (int)strlen(device->host), device->port, &config, device->link);
  if (done < 0) {
    lose_link(device);
  } else if (done > 0) {
    device->connecting = false;
    hub_opened(&device->core, hub_esp_uptime());
  }
}

static bool is_later(ssize_t result) {
  return result == ESP_TLS_ERR_SSL_WANT_READ || result == ESP_TLS_ERR_SSL_WANT_WRITE;
}

/* Moves bytes both ways. Returns true when some moved. */
static bool exchange(hub_esp *device) {
  size_t length;
  bool moved = false;
  const uint8_t *output = hub_output(&device->core, &length);
  if (length > 0) {
    const ssize_t sent = esp_tls_conn_write(device->link, output, length);
    if (sent > 0) {
      hub_sent(&device->core, (size_t)sent);
      moved = true;
    } else if (!is_later(sent)) {
      lose_link(device);
      return true;
    }
  }
  if (device->input_begin == device->input_end) {
    const ssize_t got = esp_tls_conn_read(device->link, device->input, sizeof device->input);
    if (got <= 0 && !is_later(got)) {
      lose_link(device);
      return true;
    }
    device->input_begin = 0;
    device->input_end = got > 0 ? (size_t)got : 0;
  }
  if (device->input_begin < device->input_end) {
    const size_t taken = hub_take(&device->core, hub_esp_uptime(), device->input + device->input_begin,
                                  device->input_end - device->input_begin);
    device->input_begin += taken;
    moved = moved || taken > 0;
  }
  return moved;
}

uint32_t hub_esp_step(hub_esp *device, uint32_t most_ms) {
  for (int round = 0; round < 32; round += 1) {
    const uint32_t wait = hub_step(&device->core, hub_esp_uptime());
    if (!hub_wants_link(&device->core)) {
      if (device->link == NULL) return wait < most_ms ? wait : most_ms;
      lose_link(device);
    } else if (device->link == NULL || device->connecting) {
      connect_link(device);
      if (device->connecting) return most_ms < 20 ? most_ms : 20;
    } else if (!exchange(device)) {
      /* The link is asked again soon: esp-tls does not wake a task. */
      return wait < 20 ? wait : most_ms < 20 ? most_ms : 20;
    }
  }
  return 0;
}
