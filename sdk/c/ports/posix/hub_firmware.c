#define _GNU_SOURCE
#include "hub_firmware.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

/*
 *   NOTHING ── offered ──▶ WAITING ── time ──▶ LINKING ──▶ ASKING ──▶ HEAD ──▶ BODY ── whole ──▶ VERIFYING ──▶ TELLING ──▶ ENDED
 *                             ▲                   └─────────┴──────────┴─────────┴── broke off ──┐    │
 *                             └──────────────────────────────────────────────────────────────────┴────┘ spoilt, three times
 */
enum { NOTHING, WAITING, LINKING, ASKING, HEAD, BODY, VERIFYING, TELLING, ENDED };

#define FIRST_WAIT_MS 1000u
#define LONGEST_WAIT_MS 60000u
/* Without a byte for so long the link is given up. */
#define SILENCE_MS 30000u
/* The hub takes a word a second on average. */
#define PROGRESS_MS 2000u
/* A file that came wrong so often will not come right. */
#define ATTEMPTS 3
/* How long the word `applying` may take to the hub before the device goes on without. */
#define TOLD_MS 5000u

static void close_all(hub_firmware *firmware) {
  hub_link_close(&firmware->link);
  if (firmware->link.tls != NULL) hub_tls_free(firmware->link.tls);
  firmware->link.tls = NULL;
  if (firmware->file != NULL) fclose(firmware->file);
  firmware->file = NULL;
  if (firmware->digest != NULL) hub_sha256_free(firmware->digest);
  firmware->digest = NULL;
}

static void on_update(void *context, const hub_offer *offer) {
  hub_firmware *firmware = context;
  /* What is being applied goes on. */
  if (firmware->state == TELLING) return;
  close_all(firmware);
  firmware->state = NOTHING;
  if (offer == NULL) return;
  firmware->state = WAITING;
  firmware->until = 0;
  firmware->attempts = 0;
  firmware->wait_ms = FIRST_WAIT_MS;
}

bool hub_firmware_begin(hub_firmware *firmware, const hub_firmware_settings *settings) {
  memset(firmware, 0, sizeof *firmware);
  if (settings->path == NULL || settings->apply == NULL || (settings->key != NULL && !hub_has_ed25519)) return false;
  firmware->settings = *settings;
  firmware->link.socket = -1;
  hub_update_begin(&firmware->update, on_update, firmware);
  return true;
}

static void end(hub_firmware *firmware, hub_update_state state, const char *why) {
  close_all(firmware);
  firmware->state = ENDED;
  hub_update_say(&firmware->update, state, -1, why);
}

/* It broke off, or was asked to come back: what has come is kept. `wait_ms` 0: as long as usual. */
static void later(hub_firmware *firmware, uint32_t wait_ms, const char *why) {
  close_all(firmware);
  /* A person who looks sees why it takes so long. */
  hub_update_say(&firmware->update, HUB_UPDATE_WAITING, -1, why);
  if (wait_ms == 0) {
    wait_ms = firmware->wait_ms;
    firmware->wait_ms = firmware->wait_ms > LONGEST_WAIT_MS / 2 ? LONGEST_WAIT_MS : firmware->wait_ms * 2;
  }
  firmware->state = WAITING;
  /* Others were asked to come back as well. */
  firmware->until = hub_posix_uptime() + wait_ms + (uint64_t)rand() % (wait_ms / 2 + 1);
}

static uint64_t size_of(const char *path) {
  FILE *file = fopen(path, "rb");
  if (file == NULL) return 0;
  const long size = fseek(file, 0, SEEK_END) == 0 ? ftell(file) : 0;
  fclose(file);
  return size < 0 ? 0 : (uint64_t)size;
}

/* A path is on the hub that the device is connected to, and asked for with its credential; any other server must never see that. */
static bool begin_request(hub_firmware *firmware, hub_posix *device) {
  const hub_offer *offer = &firmware->update.wanted;
  const bool at_hub = offer->url[0] == '/';
  const char *target = offer->url;
  firmware->address = device->address;
  if (!at_hub) target = hub_address_take(&firmware->address, offer->url, "https", "http");
  if (target == NULL || strpbrk(target, " \r\n") != NULL) {
    end(firmware, HUB_UPDATE_REJECTED, "its URL is none that this device knows");
    return false;
  }
  const int length = snprintf(firmware->request, sizeof firmware->request, "GET %s HTTP/1.0\r\nHost: %s\r\n%s",
                              target[0] == '\0' ? "/" : target, firmware->address.authority, at_hub ? "Authorization: Basic " : "");
  hub_writer writer;
  hub_writer_begin(&writer, firmware->request, sizeof firmware->request);
  writer.length = (size_t)length;
  if (at_hub) {
    hub_write_credential(&device->core, &writer);
    hub_write_raw(&writer, "\r\n");
  }
  if (firmware->have > 0) {
    hub_write_raw(&writer, "Range: bytes=");
    hub_write_integer(&writer, (int64_t)firmware->have);
    hub_write_raw(&writer, "-\r\nIf-Range: \"");
    hub_write_raw(&writer, offer->sha256);
    hub_write_raw(&writer, "\"\r\n");
  }
  hub_write_raw(&writer, "\r\n");
  firmware->request_length = hub_writer_end(&writer);
  firmware->request_sent = 0;
  if (firmware->request_length == 0) end(firmware, HUB_UPDATE_REJECTED, "its URL is longer than this device takes");
  return firmware->request_length > 0;
}

static void begin(hub_firmware *firmware, hub_posix *device) {
  const hub_offer *offer = &firmware->update.wanted;
  firmware->have = size_of(firmware->settings.path);
  if (firmware->have > offer->size) {
    unlink(firmware->settings.path);
    firmware->have = 0;
  }
  if (firmware->have == offer->size) {
    firmware->state = VERIFYING;
    hub_update_say(&firmware->update, HUB_UPDATE_VERIFYING, -1, NULL);
    return;
  }
  if (!begin_request(firmware, device)) return;
  const bool at_hub = offer->url[0] == '/';
  if (firmware->address.with_tls) {
    firmware->link.tls = hub_tls_new(at_hub ? device->settings.ca : NULL, firmware->address.host);
    if (firmware->link.tls == NULL) {
      end(firmware, HUB_UPDATE_FAILED, "the system has no certificates to trust");
      return;
    }
  }
  if (!hub_link_open(&firmware->link, &firmware->address)) {
    later(firmware, 0, firmware->link.fault);
    return;
  }
  firmware->state = LINKING;
  firmware->line_length = 0;
  firmware->status = 0;
  firmware->retry_after_sec = 0;
}

static void heard(hub_firmware *firmware) {
  firmware->until = hub_posix_uptime() + SILENCE_MS;
}

/* The head has ended. */
static void answered(hub_firmware *firmware) {
  char why[40];
  if (firmware->status == 200 || firmware->status == 206) {
    /* 200 is the whole file, from its beginning. */
    if (firmware->status == 200) firmware->have = 0;
    firmware->file = fopen(firmware->settings.path, firmware->status == 206 ? "ab" : "wb");
    if (firmware->file == NULL) end(firmware, HUB_UPDATE_FAILED, strerror(errno));
    else firmware->state = BODY;
    return;
  }
  if (firmware->status == 416) unlink(firmware->settings.path);
  snprintf(why, sizeof why, "the server answers %u", (unsigned)firmware->status);
  later(firmware, firmware->retry_after_sec * 1000, why);
}

static void take_line(hub_firmware *firmware) {
  firmware->line[firmware->line_length] = '\0';
  if (firmware->line_length == 0) {
    answered(firmware);
  } else if (firmware->status == 0) {
    const char *space = strchr(firmware->line, ' ');
    firmware->status = space == NULL ? 1 : (uint16_t)atoi(space + 1);
  } else if (strncasecmp(firmware->line, "retry-after:", 12) == 0) {
    const int seconds = atoi(firmware->line + 12);
    firmware->retry_after_sec = seconds < 0 ? 0 : seconds > 86400 ? 86400 : (uint32_t)seconds;
  }
  firmware->line_length = 0;
}

/* A line that is longer than the buffer is none that matters; its end is cut. */
static size_t take_head(hub_firmware *firmware, const char *bytes, size_t length) {
  size_t at = 0;
  for (; at < length && firmware->state == HEAD; at += 1) {
    if (bytes[at] == '\n') take_line(firmware);
    else if (bytes[at] != '\r' && firmware->line_length + 1 < sizeof firmware->line) firmware->line[firmware->line_length++] = bytes[at];
  }
  return at;
}

static void take_body(hub_firmware *firmware, const char *bytes, size_t length) {
  const hub_offer *offer = &firmware->update.wanted;
  if (firmware->have + length > offer->size) {
    unlink(firmware->settings.path);
    later(firmware, LONGEST_WAIT_MS, "the file is longer than the hub says");
    return;
  }
  if (fwrite(bytes, 1, length, firmware->file) != length) {
    end(firmware, HUB_UPDATE_FAILED, strerror(errno));
    return;
  }
  firmware->have += length;
  firmware->wait_ms = FIRST_WAIT_MS;
  const uint64_t now = hub_posix_uptime();
  if (now >= firmware->said + PROGRESS_MS) {
    firmware->said = now;
    hub_update_say(&firmware->update, HUB_UPDATE_DOWNLOADING, (int)(100 * firmware->have / offer->size), NULL);
  }
  if (firmware->have < offer->size) return;
  const bool is_saved = fflush(firmware->file) == 0 && fsync(fileno(firmware->file)) == 0;
  close_all(firmware);
  if (!is_saved) {
    end(firmware, HUB_UPDATE_FAILED, strerror(errno));
    return;
  }
  firmware->state = VERIFYING;
  hub_update_say(&firmware->update, HUB_UPDATE_VERIFYING, -1, NULL);
}

static bool exchange(hub_firmware *firmware) {
  char bytes[16384];
  if (firmware->state == LINKING) {
    const int done = hub_link_progress(&firmware->link);
    if (done < 0) later(firmware, 0, firmware->link.fault);
    if (done > 0) firmware->state = ASKING;
    return done != 0;
  }
  if (firmware->state == ASKING) {
    const int sent = hub_link_write(&firmware->link, firmware->request + firmware->request_sent, firmware->request_length - firmware->request_sent);
    if (sent < 0) later(firmware, 0, firmware->link.fault);
    if (sent <= 0) return sent != 0;
    firmware->request_sent += (size_t)sent;
    if (firmware->request_sent == firmware->request_length) {
      /* The secret stays here no longer than it must. */
      memset(firmware->request, 0, sizeof firmware->request);
      firmware->state = HEAD;
    }
    return true;
  }
  const int got = hub_link_read(&firmware->link, bytes, sizeof bytes);
  if (got == 0) return false;
  if (got < 0) {
    later(firmware, 0, firmware->state == BODY ? "the download broke off" : firmware->link.fault);
    return true;
  }
  heard(firmware);
  const size_t head = firmware->state == HEAD ? take_head(firmware, bytes, (size_t)got) : 0;
  if (firmware->state == BODY && head < (size_t)got) take_body(firmware, bytes + head, (size_t)got - head);
  return true;
}

static bool is_digest(const uint8_t digest[32], const char *hex) {
  char text[65];
  for (size_t index = 0; index < 32; index += 1) snprintf(text + 2 * index, 3, "%02x", digest[index]);
  return strcmp(text, hex) == 0;
}

/* A piece of the file at a time. */
static void verify(hub_firmware *firmware) {
  uint8_t bytes[65536];
  uint8_t digest[32];
  const hub_offer *offer = &firmware->update.wanted;
  if (firmware->file == NULL) firmware->file = fopen(firmware->settings.path, "rb");
  if (firmware->digest == NULL) firmware->digest = hub_sha256_new();
  if (firmware->file == NULL || firmware->digest == NULL) {
    end(firmware, HUB_UPDATE_FAILED, "the file cannot be read");
    return;
  }
  const size_t got = fread(bytes, 1, sizeof bytes, firmware->file);
  hub_sha256_add(firmware->digest, bytes, got);
  if (got == sizeof bytes) return;
  hub_sha256_end(firmware->digest, digest);
  close_all(firmware);
  if (!is_digest(digest, offer->sha256)) {
    unlink(firmware->settings.path);
    firmware->attempts = (uint8_t)(firmware->attempts + 1);
    if (firmware->attempts == ATTEMPTS) end(firmware, HUB_UPDATE_FAILED, "the file has another SHA-256");
    else later(firmware, 0, "the file has another SHA-256");
  } else if (firmware->settings.key != NULL && !hub_ed25519_signed(firmware->settings.key, digest, offer->signature)) {
    unlink(firmware->settings.path);
    end(firmware, HUB_UPDATE_REJECTED, "it was not signed by the maker of this device");
  } else {
    firmware->state = TELLING;
    firmware->until = hub_posix_uptime() + TOLD_MS;
    hub_update_say(&firmware->update, HUB_UPDATE_APPLYING, -1, NULL);
  }
}

bool hub_firmware_step(hub_firmware *firmware, hub_posix *device) {
  const uint64_t now = hub_posix_uptime();
  switch (firmware->state) {
    case NOTHING:
    case ENDED:
      return false;
    case WAITING:
      if (now < firmware->until) return false;
      heard(firmware);
      begin(firmware, device);
      return true;
    case VERIFYING:
      verify(firmware);
      return true;
    case TELLING: {
      if (!hub_update_is_told(&firmware->update) && now < firmware->until) return false;
      const char *why = firmware->settings.apply(firmware->settings.context, &firmware->update.wanted, firmware->settings.path);
      firmware->state = ENDED;
      if (why != NULL) end(firmware, HUB_UPDATE_FAILED, why);
      return true;
    }
    default: {
      const bool moved = exchange(firmware);
      if (!moved && now >= firmware->until) later(firmware, 0, "the server is silent");
      return moved;
    }
  }
}
