/*
 * New firmware: what the hub wants the device to run, and what the device says of it. A part of its own beside the core: a firmware
 * that takes no updates does not have it.
 *
 *   static hub_update update;
 *   hub_update_begin(&update, on_update, context);
 *   config.part = &update.part;                       before hub_begin
 *
 * Getting, verifying and installing the file is the firmware's own; ports/posix/hub_firmware.h does it on Linux.
 */
#ifndef HUB_UPDATE_H
#define HUB_UPDATE_H

#include "hub_core.h"

#ifdef __cplusplus
extern "C" {
#endif

#define HUB_UPDATE_VERSION 64
/* A longer `error` is cut. */
#ifndef HUB_UPDATE_ERROR
#define HUB_UPDATE_ERROR 100
#endif

typedef enum {
  HUB_UPDATE_WAITING,
  HUB_UPDATE_DOWNLOADING,
  HUB_UPDATE_VERIFYING,
  /* Say it before the reboot into the new firmware, and wait for hub_update_is_told. */
  HUB_UPDATE_APPLYING,
  HUB_UPDATE_FAILED,
  HUB_UPDATE_REJECTED
} hub_update_state;

/* A firmware that the device should run. */
typedef struct {
  char id[HUB_COMMAND_ID + 1];
  /* What `firmware` of the hub_config is in the new one. */
  char version[HUB_UPDATE_VERSION + 1];
  /*
   * A path on the hub, to be got with the device's id and secret; or a whole URL, which must never see the secret. The hub takes 256
   * characters: define HUB_WALK_TEXT as 256 where your files are elsewhere.
   */
  char url[HUB_WALK_TEXT + 1];
  /* 64 hexadecimal digits. */
  char sha256[64 + 1];
  /* Ed25519 over the 32 bytes of the SHA-256, in base64; empty: it is not signed. */
  char signature[88 + 1];
  uint32_t size;
} hub_offer;

/* Members are its own. */
typedef struct {
  hub_part part;
  void *context;
  void (*on_update)(void *context, const hub_offer *offer);
  /* Its id is empty: none is wanted. */
  hub_offer wanted;
  /* Of the frame that is being read. */
  hub_offer heard;
  bool is_cut;
  bool is_within;
  bool is_cancelled;
  bool owes;
  bool under_way;
  uint8_t state;
  int8_t percent;
  char error[HUB_UPDATE_ERROR + 1];
} hub_update;

/*
 * `on_update` is called by hub_take when another firmware is wanted than before: begin to get it, and leave any other. NULL: none
 * is wanted any more: stop, unless it is being applied. The offer stays as it is until the next call.
 */
void hub_update_begin(hub_update *update, void (*on_update)(void *context, const hub_offer *offer), void *context);
/*
 * How far the device is. The newest word is sent, and in each session again until the hub has it. `percent` below 0: not said;
 * `error`, or NULL: why it failed or is rejected. False when no update is wanted.
 */
bool hub_update_say(hub_update *update, hub_update_state state, int percent, const char *error);
/* The hub has the newest word. */
bool hub_update_is_told(const hub_update *update);

#ifdef __cplusplus
}
#endif

#endif
