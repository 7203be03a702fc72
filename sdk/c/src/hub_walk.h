/*
 * Walks through JSON as it arrives, byte by byte, however long it is: a recall of 500 command ids needs no buffer for them.
 * Strings are kept up to HUB_WALK_TEXT bytes, names up to HUB_WALK_NAME; longer ones are marked as cut.
 */
#ifndef HUB_WALK_H
#define HUB_WALK_H

#include "hub_json.h"

#ifdef __cplusplus
extern "C" {
#endif

#ifndef HUB_WALK_TEXT
#define HUB_WALK_TEXT 128
#endif
#define HUB_WALK_NAME 20
#define HUB_WALK_DEPTH 64

typedef struct hub_walk hub_walk;

typedef struct {
  const char *names[2];
  char *text;
  size_t size;
  size_t length;
  bool overflow;
} hub_walk_kept;

/* A string, number, boolean or null has ended; its value is in `walk`, its place in `depth` and `names`. */
typedef void (*hub_walk_value)(void *context, const hub_walk *walk, hub_json_kind kind);

struct hub_walk {
  hub_walk_value value;
  void *context;
  /* One bit a level: set for an object. */
  uint32_t objects[HUB_WALK_DEPTH / 32];
  uint8_t depth;
  uint8_t state;
  uint8_t left;
  uint8_t quiet;
  uint16_t code;
  uint16_t length;
  bool cut;
  bool is_name;
  bool flag;
  bool negative;
  bool behind_point;
  const char *word;
  /* Names of the members on the first two levels, and of the newest member on any. */
  char names[2][HUB_WALK_NAME + 1];
  char name[HUB_WALK_NAME + 1];
  char text[HUB_WALK_TEXT + 1];
  /* A number without its fraction, which is in thousandths: timers may be 0.5 s. */
  int64_t number;
  uint16_t thousandths;
  /* Members that are kept as JSON text, each kind in its buffer. */
  hub_walk_kept kept[2];
  /* Which of them is being read, and on which level it began; -1: none. */
  int8_t keeping;
  uint8_t keeping_depth;
};

void hub_walk_begin(hub_walk *walk, hub_walk_value value, void *context);
/*
 * Keeps the text of members in this buffer. Kind 0: of `first` and of `second` on the first level. Kind 1: of `second` on the
 * first level, or within `first`.
 */
void hub_walk_keep(hub_walk *walk, uint8_t kind, const char *first, const char *second, char *buffer, size_t size);
/* False once the text is no JSON. */
bool hub_walk_take(hub_walk *walk, char byte);
/* Nothing was read since it began. */
bool hub_walk_is_fresh(const hub_walk *walk);
/* One whole value was read. */
bool hub_walk_is_whole(const hub_walk *walk);

/* How frames are written that are not JSON: hub_cbor.h has one. */
typedef struct hub_frame_format hub_frame_format;

struct hub_frame_format {
  /* For the hello; NULL: not said. */
  const char *layout;
  /* Writes the JSON text of a frame in its place. Returns its length; 0: it did not fit. */
  size_t (*write)(const hub_frame_format *format, char *json, size_t length, size_t size);
  /* Takes a byte of a message, and gives the walk the JSON that it stands for. */
  void (*take)(hub_frame_format *format, hub_walk *walk, uint8_t byte);
};

#ifdef __cplusplus
}
#endif

#endif
