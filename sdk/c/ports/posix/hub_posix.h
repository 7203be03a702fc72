/* A device on Linux, macOS or BSD: sockets, TLS, files. Everything that the core needs is inside, in usual sizes. */
#ifndef HUB_POSIX_H
#define HUB_POSIX_H

#include "hub_core.h"
#include "hub_flash.h"
#include "hub_link.h"

/* Longest data of a reading, about 150 bytes less. */
#ifndef HUB_POSIX_OUTPUT
#define HUB_POSIX_OUTPUT 4096
#endif
#define HUB_POSIX_SECTOR 65536
/* So many sectors of readings; a reading of 100 bytes takes about 160. */
#ifndef HUB_POSIX_SECTORS
#define HUB_POSIX_SECTORS 16
#endif
#define HUB_POSIX_FLIGHTS 64
#define HUB_POSIX_COMMANDS 8
#define HUB_POSIX_REFUSED 512
/* The longest desired state there can be. */
#define HUB_POSIX_DESIRED 16385

typedef struct {
  /* `wss://HOST:PORT`; `ws://` without TLS, for tests. */
  const char *url;
  /* The hub's CA, PEM. NULL: those of the system. */
  const char *ca;
  const char *id;
  const char *secret;
  /* `env-sensor@1` */
  const char *type;
  const char *firmware;
  uint32_t heartbeat_sec;
  /* `&cbor.format` of a hub_cbor (hub_cbor.h): binary frames. NULL: JSON. */
  hub_frame_format *cbor;
  /* `&firmware.update.part` of a hub_firmware (hub_firmware.h): new firmware. NULL: none is taken. */
  hub_part *part;
  /* A folder for readings, secrets and commands, which then outlive a reboot. NULL: RAM. */
  const char *state;
  void *context;
  /* As in hub_config; each may be NULL. */
  void (*on_command)(void *context, hub *core, const hub_command *command, hub_outcome *outcome);
  void (*on_refused)(void *context, const char *code, const char *path, const char *rule);
  void (*on_desired)(void *context, hub *core, const char *state, size_t length);
  void (*on_notice)(void *context, const char *topic, const char *data, size_t length);
  /* What happens to the link, for a log; NULL: nothing is said. */
  void (*on_log)(void *context, const char *text);
} hub_posix_settings;

typedef struct {
  int file;
  hub_flash flash;
} hub_file;

typedef struct {
  hub core;
  hub_posix_settings settings;
  hub_address address;
  hub_link link;
  hub_file files[2];
  hub_ram ram;
  hub_flash_ring readings;
  hub_flash_ring values;
  hub_store store;
  hub_memory memory;
  uint8_t output[HUB_POSIX_OUTPUT];
  hub_flight flights[HUB_POSIX_FLIGHTS];
  hub_command commands[HUB_POSIX_COMMANDS];
  hub_refused_id refused[HUB_POSIX_REFUSED];
  char desired[HUB_POSIX_DESIRED];
  uint8_t input[2048];
  size_t input_begin;
  size_t input_end;
} hub_posix;

/* False, and the reason on stderr, when a setting is wrong or a file cannot be used. */
bool hub_posix_begin(hub_posix *device, const hub_posix_settings *settings);
/* Takes a reading of now: hub_measure with the uptime. */
bool hub_posix_measure(hub_posix *device, const char *stream, const char *data);
/* Does what is due, and waits for more for `most_ms` at most. */
void hub_posix_step(hub_posix *device, uint32_t most_ms);
void hub_posix_end(hub_posix *device);
/* Milliseconds since the machine was switched on, sleep included. */
uint64_t hub_posix_uptime(void);

#endif
