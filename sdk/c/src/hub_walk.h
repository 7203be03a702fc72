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
  /* Members of the first level with one of these names are kept as JSON text. */
  const char *wanted[2];
  char *kept;
  size_t kept_size;
  size_t kept_length;
  bool keeps;
  bool kept_overflow;
};

void hub_walk_begin(hub_walk *walk, hub_walk_value value, void *context);
/* Keeps the text of the members `first` and `second` (NULL: of none) in this buffer. */
void hub_walk_keep(hub_walk *walk, const char *first, const char *second, char *buffer, size_t size);
/* False once the text is no JSON. */
bool hub_walk_take(hub_walk *walk, char byte);
/* One whole value was read. */
bool hub_walk_is_whole(const hub_walk *walk);

#ifdef __cplusplus
}
#endif

#endif
