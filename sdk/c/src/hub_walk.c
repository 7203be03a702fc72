#include "hub_walk.h"

enum { AT_VALUE, AT_FIRST, AT_NAME, AT_COLON, AT_COMMA, IN_STRING, IN_ESCAPE, IN_CODE, IN_NUMBER, IN_WORD, AT_END, BROKEN };

static bool is_object(const hub_walk *walk) {
  const uint8_t level = (uint8_t)(walk->depth - 1);
  return (walk->objects[level / 32] >> (level % 32) & 1u) != 0;
}

void hub_walk_begin(hub_walk *walk, hub_walk_value value, void *context) {
  *walk = (hub_walk){0};
  walk->value = value;
  walk->context = context;
  walk->state = AT_VALUE;
  walk->keeping = -1;
}

void hub_walk_keep(hub_walk *walk, uint8_t kind, const char *first, const char *second, char *buffer, size_t size) {
  hub_walk_kept *kept = &walk->kept[kind];
  kept->names[0] = first;
  kept->names[1] = second;
  kept->text = buffer;
  kept->size = size;
}

bool hub_walk_is_fresh(const hub_walk *walk) {
  return walk->state == AT_VALUE && walk->depth == 0;
}

bool hub_walk_is_whole(const hub_walk *walk) {
  return walk->state == AT_END || (walk->state == IN_NUMBER && walk->depth == 0);
}

static bool broken(hub_walk *walk) {
  walk->state = BROKEN;
  return false;
}

static void append(hub_walk *walk, char byte) {
  const uint16_t most = walk->is_name ? HUB_WALK_NAME : HUB_WALK_TEXT;
  char *text = walk->is_name ? walk->name : walk->text;
  if (walk->length >= most) {
    walk->cut = true;
    return;
  }
  text[walk->length] = byte;
  walk->length = (uint16_t)(walk->length + 1);
  text[walk->length] = '\0';
}

static void copy_name(char *to, const char *from) {
  for (uint8_t index = 0; index <= HUB_WALK_NAME; index += 1) to[index] = from[index];
}

/* A value has ended, whatever it was. */
static void ended(hub_walk *walk) {
  walk->state = walk->depth == 0 ? AT_END : AT_COMMA;
  if (walk->depth == walk->keeping_depth) walk->keeping = -1;
}

static void emit(hub_walk *walk, hub_json_kind kind) {
  walk->value(walk->context, walk, kind);
  ended(walk);
}

static void begin_text(hub_walk *walk, bool is_name) {
  walk->state = IN_STRING;
  walk->is_name = is_name;
  walk->length = 0;
  walk->cut = false;
  (is_name ? walk->name : walk->text)[0] = '\0';
}

static bool open(hub_walk *walk, bool object) {
  if (walk->depth >= HUB_WALK_DEPTH) return broken(walk);
  const uint32_t bit = UINT32_C(1) << (walk->depth % 32);
  uint32_t *word = &walk->objects[walk->depth / 32];
  *word = object ? *word | bit : *word & ~bit;
  walk->depth = (uint8_t)(walk->depth + 1);
  walk->state = AT_FIRST;
  if (walk->depth <= 2) walk->names[walk->depth - 1][0] = '\0';
  walk->name[0] = '\0';
  return true;
}

static bool close(hub_walk *walk, bool object) {
  if (walk->depth == 0 || is_object(walk) != object) return broken(walk);
  walk->depth = (uint8_t)(walk->depth - 1);
  ended(walk);
  return true;
}

static bool is_named(const char *wanted, const char *name) {
  return wanted != NULL && hub_equal(wanted, name);
}

static void consider_keeping(hub_walk *walk) {
  if (walk->depth == 0 || walk->depth > 2 || walk->keeping >= 0 || !is_object(walk)) return;
  for (int8_t kind = 0; kind < 2; kind += 1) {
    hub_walk_kept *kept = &walk->kept[kind];
    const bool first = is_named(kept->names[0], walk->names[0]);
    /* Kind 0 has two names of the first level; of kind 1, the second stands within the first, or alone. */
    const bool wanted = walk->depth == 1 ? is_named(kept->names[1], walk->names[0]) || (kind == 0 && first)
                                         : kind == 1 && first && is_named(kept->names[1], walk->names[1]);
    if (kept->text == NULL || !wanted) continue;
    walk->keeping = kind;
    walk->keeping_depth = walk->depth;
    kept->length = 0;
    kept->overflow = false;
  }
}

static bool begin_value(hub_walk *walk, char byte) {
  consider_keeping(walk);
  if (byte == '{') return open(walk, true);
  if (byte == '[') return open(walk, false);
  if (byte == '"') {
    begin_text(walk, false);
  } else if (byte == 't' || byte == 'f' || byte == 'n') {
    walk->state = IN_WORD;
    walk->word = byte == 't' ? "rue" : byte == 'f' ? "alse" : "ull";
    walk->flag = byte == 't';
    walk->quiet = byte == 'n';
  } else if (byte == '-' || (byte >= '0' && byte <= '9')) {
    walk->state = IN_NUMBER;
    walk->negative = byte == '-';
    walk->number = byte == '-' ? 0 : byte - '0';
    walk->thousandths = 0;
    walk->left = 3;
    walk->behind_point = false;
    walk->quiet = 0;
  } else {
    return broken(walk);
  }
  return true;
}

static void end_number(hub_walk *walk) {
  for (; walk->left > 0; walk->left = (uint8_t)(walk->left - 1)) walk->thousandths = (uint16_t)(walk->thousandths * 10);
  if (walk->negative) walk->number = -walk->number;
  emit(walk, HUB_JSON_NUMBER);
}

/* False when the number has ended before this byte. The hub writes no exponent but for numbers that are beyond every use here. */
static bool number_byte(hub_walk *walk, char byte) {
  if (byte == '.') {
    walk->behind_point = true;
  } else if (byte == 'e' || byte == 'E') {
    walk->quiet = 1;
    if (walk->number > 0) walk->number = INT64_MAX;
  } else if (byte == '+') {
  } else if (byte == '-') {
    walk->number = 0;
  } else if (byte < '0' || byte > '9') {
    return false;
  } else if (walk->quiet == 0 && !walk->behind_point) {
    if (walk->number < INT64_MAX / 10 - 1) walk->number = walk->number * 10 + (byte - '0');
  } else if (walk->quiet == 0 && walk->left > 0) {
    walk->thousandths = (uint16_t)(walk->thousandths * 10 + (byte - '0'));
    walk->left = (uint8_t)(walk->left - 1);
  }
  return true;
}

static bool string_byte(hub_walk *walk, char byte) {
  if (byte == '\\') {
    walk->state = IN_ESCAPE;
  } else if ((unsigned char)byte < 0x20) {
    return broken(walk);
  } else if (byte != '"') {
    append(walk, byte);
  } else if (!walk->is_name) {
    emit(walk, HUB_JSON_STRING);
  } else {
    /* A name that was cut is none of ours. */
    if (walk->cut) walk->name[0] = '\0';
    if (walk->depth <= 2) copy_name(walk->names[walk->depth - 1], walk->name);
    walk->state = AT_COLON;
  }
  return true;
}

static bool escape_byte(hub_walk *walk, char byte) {
  static const char from[] = "\"\\/bfnrt";
  static const char to[] = "\"\\/\b\f\n\r\t";
  walk->state = IN_STRING;
  if (byte == 'u') {
    walk->state = IN_CODE;
    walk->left = 4;
    walk->code = 0;
    return true;
  }
  for (uint8_t index = 0; from[index] != '\0'; index += 1) {
    if (from[index] != byte) continue;
    append(walk, to[index]);
    return true;
  }
  return broken(walk);
}

static bool code_byte(hub_walk *walk, char byte) {
  uint8_t digit;
  if (byte >= '0' && byte <= '9') digit = (uint8_t)(byte - '0');
  else if (byte >= 'a' && byte <= 'f') digit = (uint8_t)(byte - 'a' + 10);
  else if (byte >= 'A' && byte <= 'F') digit = (uint8_t)(byte - 'A' + 10);
  else return broken(walk);
  walk->code = (uint16_t)(walk->code << 4 | digit);
  walk->left = (uint8_t)(walk->left - 1);
  if (walk->left > 0) return true;
  /* Ids, names and secrets are ASCII; what the core only shows may lose a letter. */
  append(walk, walk->code > 0 && walk->code < 0x80 ? (char)walk->code : '?');
  walk->state = IN_STRING;
  return true;
}

static bool step(hub_walk *walk, char byte) {
  const bool space = byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
  switch (walk->state) {
    case AT_VALUE:
      return space || begin_value(walk, byte);
    case AT_FIRST:
      if (space) return true;
      if (byte == (is_object(walk) ? '}' : ']')) return close(walk, byte == '}');
      if (!is_object(walk)) return begin_value(walk, byte);
      if (byte != '"') return broken(walk);
      begin_text(walk, true);
      return true;
    case AT_NAME:
      if (space) return true;
      if (byte != '"') return broken(walk);
      begin_text(walk, true);
      return true;
    case AT_COLON:
      if (space) return true;
      if (byte != ':') return broken(walk);
      walk->state = AT_VALUE;
      return true;
    case AT_COMMA:
      if (space) return true;
      if (byte == '}' || byte == ']') return close(walk, byte == '}');
      if (byte != ',') return broken(walk);
      walk->state = is_object(walk) ? AT_NAME : AT_VALUE;
      return true;
    case IN_STRING:
      return string_byte(walk, byte);
    case IN_ESCAPE:
      return escape_byte(walk, byte);
    case IN_CODE:
      return code_byte(walk, byte);
    case IN_WORD:
      if (byte != *walk->word) return broken(walk);
      walk->word += 1;
      if (*walk->word == '\0') emit(walk, walk->quiet != 0 ? HUB_JSON_NULL : HUB_JSON_BOOLEAN);
      return true;
    case AT_END:
      return space || broken(walk);
    default:
      return false;
  }
}

static void keep(hub_walk_kept *kept, char byte) {
  if (kept->length + 1 >= kept->size) {
    kept->overflow = true;
    return;
  }
  kept->text[kept->length] = byte;
  kept->length += 1;
  kept->text[kept->length] = '\0';
}

bool hub_walk_take(hub_walk *walk, char byte) {
  if (walk->state == IN_NUMBER) {
    if (number_byte(walk, byte)) {
      if (walk->keeping >= 0) keep(&walk->kept[walk->keeping], byte);
      return true;
    }
    end_number(walk);
  }
  const int8_t before = walk->keeping;
  if (!step(walk, byte)) return false;
  /* The last quote or bracket belongs to the text as well. */
  const int8_t keeping = walk->keeping >= 0 ? walk->keeping : before;
  if (keeping >= 0) keep(&walk->kept[keeping], byte);
  return true;
}
