/*
 * Brings a device on Linux to the firmware that the hub wants: gets the file, from where it broke off, verifies it, and hands it over.
 * Nothing waits, so that the device goes on measuring.
 *
 *   static hub_firmware firmware;
 *   hub_firmware_begin(&firmware, &firmware_settings);
 *   device_settings.part = &firmware.update.part;     before hub_posix_begin
 *   hub_firmware_step(&firmware, &device);            in the loop, beside hub_posix_step
 */
#ifndef HUB_FIRMWARE_H
#define HUB_FIRMWARE_H

#include <stdio.h>

#include "hub_posix.h"
#include "hub_update.h"

typedef struct {
  /* Where the file comes to. */
  const char *path;
  /* Ed25519 public key of the maker, 32 bytes; the hub must not have the other one. NULL: signatures are not looked at. */
  const uint8_t *key;
  void *context;
  /*
   * Installs the file and runs it: a new boot whose `firmware` is the version. The hub knows by then that it is being applied. Returns
   * why it cannot be, or NULL when the new boot is about to come.
   */
  const char *(*apply)(void *context, const hub_offer *offer, const char *path);
} hub_firmware_settings;

/* Members are its own. */
typedef struct {
  hub_update update;
  hub_firmware_settings settings;
  uint8_t state;
  hub_link link;
  hub_address address;
  FILE *file;
  void *digest;
  uint64_t have;
  uint64_t until;
  uint64_t said;
  uint32_t wait_ms;
  uint8_t attempts;
  char request[1024];
  size_t request_length;
  size_t request_sent;
  char line[128];
  size_t line_length;
  uint16_t status;
  uint32_t retry_after_sec;
} hub_firmware;

/* False when a setting is missing, or the key cannot be used because the TLS library has no Ed25519. */
bool hub_firmware_begin(hub_firmware *firmware, const hub_firmware_settings *settings);
/* Does what is due. True when it was busy, so that it should be called again at once. */
bool hub_firmware_step(hub_firmware *firmware, hub_posix *device);

#endif
