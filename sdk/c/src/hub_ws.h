/* The client's side of RFC 6455: the upgrade, and frames as they arrive, without a buffer for their payload. */
#ifndef HUB_WS_H
#define HUB_WS_H

#include "hub_json.h"

#ifdef __cplusplus
extern "C" {
#endif

#define HUB_WS_KEY 24

/* `key`: 16 random bytes as base64 (RFC 6455 section 4.1). */
void hub_ws_key(const uint8_t random[16], char key[HUB_WS_KEY + 1]);
/* `id:secret` in base64. */
void hub_ws_credential(hub_writer *writer, const char *id, const char *secret);
/* The upgrade request, with `id:secret` as Basic credentials. */
void hub_ws_request(hub_writer *writer, const char *host, const char *path, const char *id, const char *secret,
                    const char *key, const char *subprotocol);

/* ---- the answer -------------------------------------------------------------------------------------------------- */

#define HUB_WS_LINE 64

typedef struct {
  char line[HUB_WS_LINE + 1];
  uint16_t length;
  /* What Sec-WebSocket-Accept must be (section 4.2.2). */
  char accept[29];
  bool accepted;
  bool first;
  uint16_t status;
  uint32_t retry_after_sec;
} hub_ws_answer;

typedef enum { HUB_WS_MORE, HUB_WS_HEAD_ENDED, HUB_WS_BROKEN } hub_ws_progress;

void hub_ws_answer_begin(hub_ws_answer *answer, const char *key);
hub_ws_progress hub_ws_answer_take(hub_ws_answer *answer, char byte);

/* ---- frames ------------------------------------------------------------------------------------------------------ */

enum { HUB_WS_CONTINUATION = 0, HUB_WS_TEXT = 1, HUB_WS_BINARY = 2, HUB_WS_CLOSE = 8, HUB_WS_PING = 9, HUB_WS_PONG = 10 };

typedef enum {
  /* Part of a head: nothing to do. */
  HUB_WS_HEAD,
  /* A byte of a message of the kind that is taken. */
  HUB_WS_PAYLOAD,
  /* A ping, pong or close frame is whole: `control` and `control_length`. */
  HUB_WS_CONTROL,
  /* Against the protocol: the link is of no use any more. */
  HUB_WS_FAULT
} hub_ws_event;

typedef struct {
  uint64_t left;
  uint8_t head[10];
  uint8_t head_length;
  uint8_t opcode;
  bool last;
  bool in_message;
  bool is_taken;
  /* The opcode of the messages that are taken; others are passed over. */
  uint8_t kind;
  bool in_payload;
  uint8_t control_length;
  uint8_t control[125];
} hub_ws_frames;

void hub_ws_frames_begin(hub_ws_frames *frames, uint8_t kind);
/*
 * Takes one byte. A message may end with a head alone (an empty last fragment), so that the end is an event of its own:
 * `*also_ended` is set when the message has ended with this byte.
 */
hub_ws_event hub_ws_frames_take(hub_ws_frames *frames, uint8_t byte, bool *also_ended);

/* Room that a frame needs before its payload: masked, of at most 65,535 bytes. */
#define HUB_WS_HEADROOM 8
/*
 * Makes a frame in place: its payload stands HUB_WS_HEADROOM bytes behind `frame`. Returns the length of the whole frame, which
 * then begins at `frame`.
 */
size_t hub_ws_frame(uint8_t *frame, uint8_t opcode, size_t payload_length, uint32_t mask);

#ifdef __cplusplus
}
#endif

#endif
