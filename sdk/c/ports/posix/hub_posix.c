#define _GNU_SOURCE
#include "hub_posix.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { NO_LINK, CONNECTING, SHAKING, LINKED };

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

static bool open_file(hub_file *file, const char *folder, const char *name, uint32_t sectors) {
  char path[4096];
  const hub_flash flash = {file, HUB_POSIX_SECTOR, sectors, file_read, file_program, file_erase, file_sync};
  mkdir(folder, 0700);
  snprintf(path, sizeof path, "%s/%s", folder, name);
  file->flash = flash;
  /* 0600: the secret is in it. */
  file->file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file->file < 0) perror(path);
  return file->file >= 0;
}

/* ---- settings ---------------------------------------------------------------------------------------------------- */

/* `wss://host:port`, with nothing behind it. */
static bool take_url(hub_posix *device, const char *url) {
  device->with_tls = strncmp(url, "wss://", 6) == 0;
  if (!device->with_tls && strncmp(url, "ws://", 5) != 0) return false;
  const char *authority = url + (device->with_tls ? 6 : 5);
  const size_t length = strcspn(authority, "/?#");
  if (length == 0 || length >= sizeof device->authority) return false;
  memcpy(device->authority, authority, length);
  device->authority[length] = '\0';
  char *colon = strrchr(device->authority, ':');
  const char *bracket = strrchr(device->authority, ']');
  if (colon != NULL && bracket != NULL && colon < bracket) colon = NULL;
  snprintf(device->port, sizeof device->port, "%.7s", colon == NULL ? (device->with_tls ? "443" : "80") : colon + 1);
  const size_t host_length = colon == NULL ? length : (size_t)(colon - device->authority);
  const bool in_brackets = device->authority[0] == '[' && host_length >= 2;
  const size_t skipped = in_brackets ? 1 : 0;
  if (host_length - 2 * skipped >= sizeof device->host) return false;
  memcpy(device->host, device->authority + skipped, host_length - 2 * skipped);
  device->host[host_length - 2 * skipped] = '\0';
  return true;
}

static bool begin_stores(hub_posix *device) {
  const hub_flash *readings = &device->ram.flash;
  if (device->settings.state != NULL) {
    if (!open_file(&device->files[0], device->settings.state, "readings", HUB_POSIX_SECTORS) ||
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
  device->socket = device->files[0].file = device->files[1].file = -1;
  if (!take_url(device, settings->url)) {
    fprintf(stderr, "%s is not wss://HOST:PORT\n", settings->url);
    return false;
  }
  if (device->with_tls && (device->tls = hub_tls_new(settings->ca, device->host)) == NULL) {
    fprintf(stderr, "%s has no certificate that can be read\n", settings->ca == NULL ? "the system" : settings->ca);
    return false;
  }
  if (!begin_stores(device)) {
    fprintf(stderr, "%s cannot be used\n", settings->state == NULL ? "memory" : settings->state);
    return false;
  }
  hub_config config = {0};
  config.host = device->authority;
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
  if (device->link == NO_LINK) return;
  if (device->tls != NULL) hub_tls_end(device->tls);
  close(device->socket);
  device->socket = -1;
  device->link = NO_LINK;
  device->input_begin = device->input_end = 0;
}

static void lose_link(hub_posix *device, const char *why) {
  say(device, "link lost", why);
  close_link(device);
  hub_closed(&device->core, hub_posix_uptime());
}

static void open_link(hub_posix *device) {
  struct addrinfo hints = {0};
  struct addrinfo *found = NULL;
  const int one = 1;
  hints.ai_socktype = SOCK_STREAM;
  /* It waits for the resolver: a device that must not wait gives an address. */
  const int fault = getaddrinfo(device->host, device->port, &hints, &found);
  if (fault != 0) {
    say(device, device->host, gai_strerror(fault));
    hub_closed(&device->core, hub_posix_uptime());
    return;
  }
  device->socket = socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  device->link = CONNECTING;
  if (device->socket < 0 || (connect(device->socket, found->ai_addr, found->ai_addrlen) != 0 && errno != EINPROGRESS))
    lose_link(device, strerror(errno));
  else
    setsockopt(device->socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  freeaddrinfo(found);
}

static void linked(hub_posix *device) {
  device->link = LINKED;
  say(device, "linked", device->authority);
  hub_opened(&device->core, hub_posix_uptime());
}

static void connected(hub_posix *device) {
  int fault = 0;
  socklen_t size = sizeof fault;
  struct pollfd writable = {device->socket, POLLOUT, 0};
  if (poll(&writable, 1, 0) == 0) return;
  if (getsockopt(device->socket, SOL_SOCKET, SO_ERROR, &fault, &size) != 0 || fault != 0) {
    lose_link(device, strerror(fault));
  } else if (device->tls == NULL) {
    linked(device);
  } else if (hub_tls_begin(device->tls, device->socket)) {
    device->link = SHAKING;
  } else {
    lose_link(device, "TLS cannot begin");
  }
}

/* Bytes; 0: later; -1: the link is gone. */
static int receive(hub_posix *device, void *bytes, size_t length) {
  if (device->tls != NULL) return hub_tls_read(device->tls, bytes, length);
  const ssize_t got = recv(device->socket, bytes, length, 0);
  if (got < 0) return errno == EAGAIN || errno == EINTR ? 0 : -1;
  return got == 0 ? -1 : (int)got;
}

static int transmit(hub_posix *device, const void *bytes, size_t length) {
  if (device->tls != NULL) return hub_tls_write(device->tls, bytes, length);
  const ssize_t sent = send(device->socket, bytes, length, MSG_NOSIGNAL);
  if (sent < 0) return errno == EAGAIN || errno == EINTR ? 0 : -1;
  return (int)sent;
}

/* Moves bytes both ways. Returns true when some moved. */
static bool exchange(hub_posix *device) {
  size_t length;
  bool moved = false;
  const uint8_t *output = hub_output(&device->core, &length);
  if (length > 0) {
    const int sent = transmit(device, output, length);
    if (sent < 0) {
      lose_link(device, device->tls == NULL ? strerror(errno) : hub_tls_fault(device->tls));
      return true;
    }
    hub_sent(&device->core, (size_t)sent);
    moved = sent > 0;
  }
  if (device->input_begin == device->input_end) {
    const int got = receive(device, device->input, sizeof device->input);
    if (got < 0) {
      lose_link(device, "the hub has ended it");
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
    if (device->link == NO_LINK) return false;
    close_link(device);
    hub_closed(&device->core, hub_posix_uptime());
    moved = true;
  } else if (device->link == NO_LINK) {
    open_link(device);
    moved = true;
  } else if (device->link == CONNECTING) {
    connected(device);
    moved = device->link != CONNECTING;
  } else if (device->link == SHAKING) {
    const int done = hub_tls_handshake(device->tls);
    if (done > 0) linked(device);
    if (done < 0) lose_link(device, hub_tls_fault(device->tls));
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
  const bool writes = device->link == CONNECTING || (device->link == LINKED && length > 0);
  struct pollfd link = {device->socket, (short)(writes ? POLLIN | POLLOUT : POLLIN), 0};
  if (wait_ms > most_ms) wait_ms = most_ms;
  if (device->link == LINKED && device->tls != NULL && hub_tls_has_more(device->tls)) wait_ms = 0;
  if (wait_ms > 0) poll(&link, device->link == NO_LINK ? 0 : 1, (int)wait_ms);
}

void hub_posix_end(hub_posix *device) {
  close_link(device);
  for (int index = 0; index < 2; index += 1) {
    if (device->files[index].file >= 0) close(device->files[index].file);
  }
  free(device->ram.bytes);
}
