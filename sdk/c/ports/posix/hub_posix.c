#define _GNU_SOURCE
#include "hub_posix.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Since the first call: the boot of a device is that of its program, whatever the system's. */
uint64_t hub_posix_uptime(void) {
  static uint64_t begun;
  struct timespec now;
#ifdef CLOCK_BOOTTIME
  clock_gettime(CLOCK_BOOTTIME, &now);
#else
  clock_gettime(CLOCK_MONOTONIC, &now);
#endif
  const uint64_t up = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
  if (begun == 0) begun = up;
  return up - begun;
}

static uint32_t random32(void *context) {
  static int file = -1;
  uint32_t value;
  (void)context;
  if (file < 0) file = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
  if (file < 0 || read(file, &value, sizeof value) != sizeof value) {
    /* Without randomness there is no boot id and no mask. */
    perror("/dev/urandom");
    abort();
  }
  return value;
}

static void say(hub_posix *device, const char *text, const char *more) {
  char line[320];
  if (device->settings.on_log == NULL) return;
  snprintf(line, sizeof line, "%s%s%s", text, *more == '\0' ? "" : ": ", more);
  device->settings.on_log(device->settings.context, line);
}

/* ---- files ------------------------------------------------------------------------------------------------------- */

static bool file_read(void *context, uint32_t address, void *bytes, size_t length) {
  const hub_file *file = context;
  const ssize_t got = pread(file->file, bytes, length, (off_t)address);
  if (got < 0) return false;
  /* What was never written is erased. */
  memset((uint8_t *)bytes + got, 0xFF, length - (size_t)got);
  return true;
}

static bool file_program(void *context, uint32_t address, const void *bytes, size_t length) {
  const hub_file *file = context;
  return pwrite(file->file, bytes, length, (off_t)address) == (ssize_t)length;
}

static bool file_erase(void *context, uint32_t sector) {
  uint8_t blank[4096];
  const hub_file *file = context;
  memset(blank, 0xFF, sizeof blank);
  for (uint32_t at = 0; at < file->flash.sector_size; at += (uint32_t)sizeof blank) {
    const off_t address = (off_t)sector * file->flash.sector_size + at;
    if (pwrite(file->file, blank, sizeof blank, address) != (ssize_t)sizeof blank) return false;
  }
  return fdatasync(file->file) == 0;
}

static bool file_sync(void *context) {
  return fdatasync(((const hub_file *)context)->file) == 0;
}

/*
 * One program and one device for a folder: two programs would write over each other, and the readings of one device would be stored as
 * another's.
 */
static bool claim(const char *folder, const char *id) {
  char path[4096];
  char owner[80] = "";
  mkdir(folder, 0700);
  snprintf(path, sizeof path, "%s/device", folder);
  /* Open until the program ends, and with it the lock. */
  const int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) {
    perror(path);
    return false;
  }
  if (flock(file, LOCK_EX | LOCK_NB) != 0) {
    fprintf(stderr, "%s is used by another program that runs\n", folder);
    return false;
  }
  const ssize_t got = pread(file, owner, sizeof owner - 1, 0);
  char *end = strchr(owner, '\n');
  /* Without its end the name was not written to the end. */
  if (got <= 0 || end == NULL) {
    const int length = snprintf(owner, sizeof owner, "%s\n", id);
    if (pwrite(file, owner, (size_t)length, 0) == length && fdatasync(file) == 0) return true;
    perror(path);
    return false;
  }
  *end = '\0';
  if (strcmp(owner, id) == 0) return true;
  fprintf(stderr, "%s belongs to the device %s: give each device a folder of its own\n", folder, owner);
  return false;
}

static bool open_file(hub_file *file, const char *folder, const char *name, uint32_t sectors) {
  char path[4096];
  const hub_flash flash = {file, HUB_POSIX_SECTOR, sectors, file_read, file_program, file_erase, file_sync};
  snprintf(path, sizeof path, "%s/%s", folder, name);
  file->flash = flash;
  /* 0600: the secret is in it. */
  file->file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file->file < 0) perror(path);
  return file->file >= 0;
}

/* ---- settings ---------------------------------------------------------------------------------------------------- */

static bool begin_stores(hub_posix *device) {
  const hub_flash *readings = &device->ram.flash;
  if (device->settings.state != NULL) {
    if (!claim(device->settings.state, device->settings.id) || !open_file(&device->files[0], device->settings.state, "readings", HUB_POSIX_SECTORS) ||
        !open_file(&device->files[1], device->settings.state, "values", 2) ||
        !hub_flash_open(&device->values, &device->files[1].flash))
      return false;
    readings = &device->files[0].flash;
    device->memory = hub_flash_memory(&device->values);
  } else {
    uint8_t *bytes = malloc((size_t)HUB_POSIX_SECTOR * 4);
    if (bytes == NULL) return false;
    hub_ram_begin(&device->ram, bytes, HUB_POSIX_SECTOR, 4);
  }
  if (!hub_flash_open(&device->readings, readings)) return false;
  device->store = hub_flash_store(&device->readings);
  return true;
}

bool hub_posix_begin(hub_posix *device, const hub_posix_settings *settings) {
  memset(device, 0, sizeof *device);
  device->settings = *settings;
  device->link.socket = device->files[0].file = device->files[1].file = -1;
  if (hub_address_take(&device->address, settings->url, "wss", "ws") == NULL) {
    fprintf(stderr, "%s is not wss://HOST:PORT\n", settings->url);
    return false;
  }
  if (device->address.with_tls && (device->link.tls = hub_tls_new(settings->ca, device->address.host)) == NULL) {
    fprintf(stderr, "%s has no certificate that can be read\n", settings->ca == NULL ? "the system" : settings->ca);
    return false;
  }
  if (!begin_stores(device)) {
    fprintf(stderr, "%s cannot be used\n", settings->state == NULL ? "memory" : settings->state);
    return false;
  }
  hub_config config = {0};
  config.host = device->address.authority;
  config.id = settings->id;
  config.secret = settings->secret;
  config.type = settings->type;
  config.firmware = settings->firmware;
  config.heartbeat_sec = settings->heartbeat_sec;
  config.context = settings->context;
  config.random = random32;
  config.store = &device->store;
  config.memory = settings->state == NULL ? NULL : &device->memory;
  config.drops_oldest = true;
  config.cbor = settings->cbor;
  config.part = settings->part;
  config.output = device->output;
  config.output_size = sizeof device->output;
  config.flights = device->flights;
  config.flight_count = HUB_POSIX_FLIGHTS;
  config.commands = device->commands;
  config.command_count = HUB_POSIX_COMMANDS;
  config.refused = device->refused;
  config.refused_count = HUB_POSIX_REFUSED;
  config.on_command = settings->on_command;
  config.on_refused = settings->on_refused;
  config.on_notice = settings->on_notice;
  config.desired = settings->on_desired == NULL ? NULL : device->desired;
  config.desired_size = sizeof device->desired;
  config.on_desired = settings->on_desired;
  if (hub_begin(&device->core, &config, hub_posix_uptime())) return true;
  fprintf(stderr, "id, secret and type are needed, and the secret has at most %d characters\n", HUB_SECRET);
  return false;
}

bool hub_posix_measure(hub_posix *device, const char *stream, const char *data) {
  return hub_measure(&device->core, hub_posix_uptime(), stream, data);
}

/* ---- the link ---------------------------------------------------------------------------------------------------- */

static void close_link(hub_posix *device) {
  hub_link_close(&device->link);
  device->input_begin = device->input_end = 0;
}

/* What a person can do something about; the other codes are in schemas/README.md. */
static const char *meaning_of(uint16_t code) {
  if (code == 401) return ": the hub does not accept this id and secret";
  if (code == 403 || code == 4403) return ": this device is disabled or revoked";
  if (code == 404) return ": this is not the device address of a hub";
  if (code == 4400) return ": the hub does not know this device type, or does not understand the device";
  if (code == 4409) return ": another session uses this id";
  return "";
}

/* The hub has ended the link. */
static void say_end(hub_posix *device) {
  char why[80] = "it did not say why";
  const uint16_t code = hub_ended_by(&device->core);
  if (code != 0) snprintf(why, sizeof why, "%s %u%s", code < 1000 ? "HTTP" : "code", (unsigned)code, meaning_of(code));
  say(device, "the hub has ended the link", why);
}

static void lose_link(hub_posix *device, const char *why) {
  say(device, "link lost", why);
  close_link(device);
  hub_closed(&device->core, hub_posix_uptime());
}

static void open_link(hub_posix *device) {
  if (!hub_link_open(&device->link, &device->address)) lose_link(device, device->link.fault);
}

static void linked(hub_posix *device) {
  say(device, "linked", device->address.authority);
  hub_opened(&device->core, hub_posix_uptime());
}

/* Moves bytes both ways. Returns true when some moved. */
static bool exchange(hub_posix *device) {
  size_t length;
  bool moved = false;
  const uint8_t *output = hub_output(&device->core, &length);
  if (length > 0) {
    const int sent = hub_link_write(&device->link, output, length);
    if (sent < 0) {
      lose_link(device, device->link.fault);
      return true;
    }
    hub_sent(&device->core, (size_t)sent);
    moved = sent > 0;
  }
  if (device->input_begin == device->input_end) {
    const int got = hub_link_read(&device->link, device->input, sizeof device->input);
    if (got < 0) {
      say_end(device);
      close_link(device);
      hub_closed(&device->core, hub_posix_uptime());
      return true;
    }
    device->input_begin = 0;
    device->input_end = (size_t)got;
  }
  if (device->input_begin < device->input_end) {
    const size_t taken = hub_take(&device->core, hub_posix_uptime(), device->input + device->input_begin,
                                  device->input_end - device->input_begin);
    device->input_begin += taken;
    moved = moved || taken > 0;
  }
  return moved;
}

/* One round. Returns true when something happened, so that another may be due at once. */
static bool progress(hub_posix *device, uint32_t *wait_ms) {
  const bool was_open = hub_is_open(&device->core);
  *wait_ms = hub_step(&device->core, hub_posix_uptime());
  bool moved = false;
  if (!hub_wants_link(&device->core)) {
    if (device->link.state == HUB_LINK_NONE) return false;
    if (hub_ended_by(&device->core) != 0) say_end(device);
    close_link(device);
    hub_closed(&device->core, hub_posix_uptime());
    moved = true;
  } else if (device->link.state == HUB_LINK_NONE) {
    open_link(device);
    moved = true;
  } else if (device->link.state != HUB_LINK_OPEN) {
    const int done = hub_link_progress(&device->link);
    if (done > 0) linked(device);
    if (done < 0) lose_link(device, device->link.fault);
    moved = done != 0;
  } else {
    moved = exchange(device);
  }
  if (!was_open && hub_is_open(&device->core)) say(device, "session open", "");
  return moved;
}

void hub_posix_step(hub_posix *device, uint32_t most_ms) {
  uint32_t wait_ms = 0;
  /* Not without end: the firmware wants its turn too. */
  for (int round = 0; round < 64; round += 1) {
    if (!progress(device, &wait_ms)) break;
    most_ms = 0;
  }
  size_t length;
  hub_output(&device->core, &length);
  const bool writes = device->link.state == HUB_LINK_CONNECTING || (device->link.state == HUB_LINK_OPEN && length > 0);
  struct pollfd link = {device->link.socket, (short)(writes ? POLLIN | POLLOUT : POLLIN), 0};
  if (wait_ms > most_ms) wait_ms = most_ms;
  if (hub_link_has_more(&device->link)) wait_ms = 0;
  if (wait_ms > 0) poll(&link, device->link.state == HUB_LINK_NONE ? 0 : 1, (int)wait_ms);
}

void hub_posix_end(hub_posix *device) {
  close_link(device);
  for (int index = 0; index < 2; index += 1) {
    if (device->files[index].file >= 0) close(device->files[index].file);
  }
  free(device->ram.bytes);
}
