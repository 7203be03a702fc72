#include "hub_cbor.h"

enum { UNSIGNED, NEGATIVE, BYTES, TEXT, ARRAY, MAP, TAG, SIMPLE };

#define NULL_BYTE 0xF6
#define UNDEFINED_BYTE 0xF7
/* The whole numbers that JSON readers agree on, and the longest frame. */
#define MOST_INTEGER UINT64_C(9007199254740991)
#define LONGEST 65536u

/* ---- writing ----------------------------------------------------------------------------------------------------- */

static void write_byte(hub_writer *writer, uint8_t byte) {
  const char character = (char)byte;
  hub_write_bytes(writer, &character, 1);
}

static void write_big_endian(hub_writer *writer, uint64_t value, uint8_t size) {
  for (uint8_t left = size; left > 0; left -= 1) write_byte(writer, (uint8_t)(value >> (8 * (left - 1))));
}

/* RFC 8949 section 3: the shortest head. */
static void write_head(hub_writer *writer, uint8_t major, uint64_t argument) {
  const uint8_t kind = (uint8_t)(major << 5);
  const uint8_t size = argument < 24 ? 0 : argument < 0x100 ? 1 : argument < 0x10000 ? 2 : argument < UINT64_C(0x100000000) ? 4 : 8;
  const uint8_t info = size == 0 ? (uint8_t)argument : size == 1 ? 24 : size == 2 ? 25 : size == 4 ? 26 : 27;
  write_byte(writer, kind | info);
  write_big_endian(writer, argument, size);
}

typedef union {
  double number;
  uint64_t bits;
} wide;

static void write_float(hub_writer *writer, double value) {
  union {
    float number;
    uint32_t bits;
  } narrow;
  wide whole;
  narrow.number = (float)value;
  if (sizeof(double) < 8 || (narrow.number - value >= 0 && narrow.number - value <= 0)) {
    write_byte(writer, SIMPLE << 5 | 26);
    write_big_endian(writer, narrow.bits, 4);
    return;
  }
  whole.number = value;
  write_byte(writer, SIMPLE << 5 | 27);
  write_big_endian(writer, whole.bits, 8);
}

/* The nearest double to a decimal number, ties to even, as the hub's JSON.parse rounds: hub_read_number rounds once where digits
 * and power of ten are exact (15 digits, 10^22), and is a few steps off elsewhere. The steps are found by comparing whole
 * numbers: the digits and the middle between two doubles (W. D. Clinger, How to Read Floating Point Numbers Accurately, 1990,
 * algorithm R). */

/* Whole numbers of 1,280 bits: 10^365 takes 1,213, and the middle 54 more; 41 digits at the least middle, 2^-1075, take 1,212. */
#define LIMBS 40
#define MOST_POWER 365
/* 10^41 * 10^344 still fits. */
#define MOST_POWER_ABOVE 344
/* Of a longer number, one more digit says that there is more. Only who spells out the middle itself could tell the difference. */
#define MOST_DIGITS 40

typedef struct {
  uint32_t limbs[LIMBS];
} whole_number;

/* `number` * factor + more */
static void multiply(whole_number *number, uint32_t factor, uint32_t more) {
  uint64_t carry = more;
  for (uint8_t index = 0; index < LIMBS; index += 1) {
    carry += (uint64_t)number->limbs[index] * factor;
    number->limbs[index] = (uint32_t)carry;
    carry >>= 32;
  }
}

static void multiply_power(whole_number *number, uint32_t base, int exponent) {
  while (exponent > 0) {
    uint32_t factor = 1;
    for (uint8_t count = 0; count < 9 && exponent > 0; count += 1, exponent -= 1) factor *= base;
    multiply(number, factor, 0);
  }
}

/* The digits as a whole number. Returns the power of ten that it is to be multiplied with. */
static int read_digits(whole_number *digits, const char *at, const char *end) {
  int exponent = 0;
  int given = 0;
  uint8_t count = 0;
  bool behind_point = false;
  bool is_below = false;
  bool has_more = false;
  for (; at < end && *at != 'e' && *at != 'E'; at += 1) {
    if (*at == '.') behind_point = true;
    if (*at < '0' || *at > '9') continue;
    if (count == MOST_DIGITS) {
      exponent += !behind_point;
      has_more = has_more || *at != '0';
      continue;
    }
    exponent -= behind_point;
    multiply(digits, 10, (uint32_t)(*at - '0'));
    if (count > 0 || *at != '0') count += 1;
  }
  for (; at < end; at += 1) {
    if (*at == '-') is_below = true;
    if (*at >= '0' && *at <= '9' && given < 3000) given = given * 10 + (*at - '0');
  }
  if (has_more) {
    multiply(digits, 10, 1);
    exponent -= 1;
  }
  return exponent + (is_below ? -given : given);
}

/* Compares digits * 10^exponent with the middle between the double of these bits and the next one above it: -1, 0 or 1. */
static int against_middle(const whole_number *digits, int exponent, uint64_t bits) {
  whole_number left = *digits;
  whole_number right = {{0}};
  const int biased = (int)(bits >> 52);
  const uint64_t fraction = bits & (UINT64_C(0xFFFFFFFFFFFFF));
  const uint64_t middle = (biased == 0 ? fraction : fraction | UINT64_C(1) << 52) * 2 + 1;
  const int power = (biased == 0 ? 1 : biased) - 1076;
  right.limbs[0] = (uint32_t)middle;
  right.limbs[1] = (uint32_t)(middle >> 32);
  multiply_power(&left, 10, exponent);
  multiply_power(&right, 10, -exponent);
  multiply_power(&left, 2, -power);
  multiply_power(&right, 2, power);
  for (uint8_t index = LIMBS; index > 0; index -= 1) {
    if (left.limbs[index - 1] != right.limbs[index - 1]) return left.limbs[index - 1] < right.limbs[index - 1] ? -1 : 1;
  }
  return 0;
}

/* `value` is near it, as a rule: then few comparisons are enough. */
static double nearest(double value, const char *at, const char *end) {
  enum { NEAR = 32 };
  const uint64_t sign = UINT64_C(1) << 63;
  const uint64_t infinity = UINT64_C(0x7FF) << 52;
  whole_number digits = {{0}};
  wide found;
  if (sizeof(double) < 8) return value;
  const int exponent = read_digits(&digits, at, end);
  if (exponent > MOST_POWER_ABOVE) return value;
  found.number = value;
  const uint64_t near = found.bits & ~sign;
  uint64_t low = 0;
  uint64_t high = exponent < -MOST_POWER ? 0 : infinity;
  if (high > 0 && near > NEAR && against_middle(&digits, exponent, near - NEAR) > 0) low = near - NEAR;
  if (high > 0 && near < infinity - NEAR && against_middle(&digits, exponent, near + NEAR) <= 0) high = near + NEAR;
  /* The least double whose middle to the next one is not below the number. */
  while (low < high) {
    const uint64_t half = low + (high - low) / 2;
    if (against_middle(&digits, exponent, half) > 0) low = half + 1;
    else high = half;
  }
  if (low % 2 == 1 && low < infinity && against_middle(&digits, exponent, low) == 0) low += 1;
  found.bits = (found.bits & sign) | low;
  return found.number;
}

/* A number as its digits say it: digits * 10^exponent, without zeros at the end of the digits. */
typedef struct {
  bool negative;
  /* False: it has more digits than are kept. */
  bool exact;
  uint64_t digits;
  int exponent;
  double value;
} decimal;

static bool read_decimal(hub_reader *reader, decimal *number) {
  hub_read_kind(reader);
  const char *const begin = reader->at;
  const char *at = begin;
  bool behind_point = false;
  *number = (decimal){0};
  number->exact = true;
  if (!hub_read_number(reader, &number->value, NULL)) return false;
  for (; at < reader->at; at += 1) {
    if (*at == '-') number->negative = true;
    else if (*at == '.') behind_point = true;
    else if (*at == 'e' || *at == 'E') number->exact = false;
    else if (*at >= '0' && *at <= '9' && number->exact) {
      number->digits = number->digits * 10 + (uint64_t)(*at - '0');
      number->exponent -= behind_point;
      if (number->digits > MOST_INTEGER) number->exact = false;
    }
  }
  while (number->exact && number->exponent < 0 && number->digits % 10 == 0) {
    number->digits /= 10;
    number->exponent += 1;
  }
  /* 10^22 is the greatest power of ten that a double holds exactly. */
  if (!number->exact || number->exponent < -22) number->value = nearest(number->value, begin, reader->at);
  return true;
}

static void write_integer(hub_writer *writer, bool negative, uint64_t value) {
  if (negative && value > 0) write_head(writer, NEGATIVE, value - 1);
  else write_head(writer, UNSIGNED, value);
}

static void write_number(hub_writer *writer, const decimal *number) {
  if (number->exact && number->exponent == 0) write_integer(writer, number->negative, number->digits);
  else write_float(writer, number->value);
}

static int hex(char character) {
  if (character >= '0' && character <= '9') return character - '0';
  if (character >= 'a' && character <= 'f') return character - 'a' + 10;
  return character >= 'A' && character <= 'F' ? character - 'A' + 10 : 0;
}

/* Four hexadecimal digits; 0 when there are not so many. */
static uint32_t hex_code(const hub_reader *reader, const char *at) {
  uint32_t code = 0;
  if (reader->end - at < 4) return 0;
  for (uint8_t index = 0; index < 4; index += 1) code = code << 4 | (uint32_t)hex(at[index]);
  return code;
}

static void write_utf8(hub_writer *writer, uint32_t code) {
  static const uint8_t leads[] = {0, 0, 0xC0, 0xE0, 0xF0};
  const uint8_t size = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  write_byte(writer, (uint8_t)(leads[size] | code >> (6 * (size - 1))));
  for (uint8_t left = size - 1; left > 0; left -= 1) write_byte(writer, (uint8_t)(0x80 | (code >> (6 * (left - 1)) & 0x3F)));
}

/* What follows a backslash. Half a surrogate pair, which UTF-8 cannot spell, becomes U+FFFD. */
static void write_escaped(hub_writer *writer, hub_reader *reader) {
  static const char from[] = "bfnrt";
  static const char to[] = "\b\f\n\r\t";
  const char escape = *reader->at;
  reader->at += 1;
  if (escape == 'u') {
    uint32_t code = hex_code(reader, reader->at);
    reader->at += 4;
    const bool may_pair = code >= 0xD800 && code < 0xDC00 && reader->end - reader->at >= 6 && reader->at[0] == '\\' && reader->at[1] == 'u';
    const uint32_t low = may_pair ? hex_code(reader, reader->at + 2) : 0;
    if (low >= 0xDC00 && low < 0xE000) {
      code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
      reader->at += 6;
    }
    write_utf8(writer, code >= 0xD800 && code < 0xE000 ? 0xFFFD : code);
    return;
  }
  for (uint8_t index = 0; index < 5; index += 1) {
    if (from[index] != escape) continue;
    write_byte(writer, (uint8_t)to[index]);
    return;
  }
  write_byte(writer, (uint8_t)escape);
}

static bool write_text(hub_writer *writer, hub_reader *reader) {
  /* Read once to know that it is one. */
  hub_reader ahead = *reader;
  if (hub_read_kind(reader) != HUB_JSON_STRING || !hub_read_skip(&ahead)) return false;
  const size_t head = writer->length;
  const char *end = ahead.at - 1;
  /* Three bytes say any length; what is not needed of them is taken out. */
  write_big_endian(writer, 0, 3);
  for (reader->at += 1; reader->at < end;) {
    if (*reader->at == '\\') {
      reader->at += 1;
      write_escaped(writer, reader);
    } else {
      write_byte(writer, (uint8_t)*reader->at);
      reader->at += 1;
    }
  }
  *reader = ahead;
  if (writer->overflow) return true;
  const size_t length = writer->length - head - 3;
  const size_t needed = length < 24 ? 1 : length < 0x100 ? 2 : 3;
  for (size_t index = 0; index < length; index += 1) writer->buffer[head + needed + index] = writer->buffer[head + 3 + index];
  writer->length = head;
  write_head(writer, TEXT, length);
  writer->length = head + needed + length;
  return true;
}

static bool write_value(hub_writer *writer, hub_reader *reader);

/* The next of an array or of an object, whose name and colon are written, or left with `writer` NULL. */
static bool next_of(hub_writer *writer, hub_reader *reader, bool is_object, bool *first) {
  if (!is_object) return hub_read_item(reader, first);
  if (!hub_read_member(reader, first)) return false;
  return (writer == NULL ? hub_read_skip(reader) : write_text(writer, reader)) && hub_read_colon(reader);
}

static bool write_container(hub_writer *writer, hub_reader *reader, bool is_object) {
  hub_reader ahead = *reader;
  uint32_t count = 0;
  bool first = true;
  if (!hub_read_open(&ahead, is_object ? '{' : '[')) return false;
  for (; next_of(NULL, &ahead, is_object, &first) && hub_read_skip(&ahead); count += 1) {
  }
  if (ahead.bad) return false;
  write_head(writer, is_object ? MAP : ARRAY, count);
  hub_read_open(reader, is_object ? '{' : '[');
  for (first = true; next_of(writer, reader, is_object, &first);) {
    if (!write_value(writer, reader)) return false;
  }
  return !reader->bad;
}

static bool write_value(hub_writer *writer, hub_reader *reader) {
  decimal number;
  bool flag;
  switch (hub_read_kind(reader)) {
    case HUB_JSON_OBJECT:
      return write_container(writer, reader, true);
    case HUB_JSON_ARRAY:
      return write_container(writer, reader, false);
    case HUB_JSON_STRING:
      return write_text(writer, reader);
    case HUB_JSON_NUMBER:
      if (!read_decimal(reader, &number)) return false;
      write_number(writer, &number);
      return true;
    case HUB_JSON_BOOLEAN:
      if (!hub_read_boolean(reader, &flag)) return false;
      write_byte(writer, flag ? 0xF5 : 0xF4);
      return true;
    case HUB_JSON_NULL:
      write_byte(writer, NULL_BYTE);
      return hub_read_null(reader);
    default:
      return false;
  }
}

/* ---- the short form ---------------------------------------------------------------------------------------------- */

/* The steps that the number is, as far as it is a whole number of them. */
static bool steps_of(const hub_cbor_field *field, const decimal *number, uint64_t *steps) {
  int shift = number->exponent + field->decimals;
  uint64_t units = number->digits;
  if (!number->exact) return false;
  for (; shift < 0 && units % 10 == 0 && units > 0; shift += 1) units /= 10;
  for (; shift > 0 && units <= MOST_INTEGER; shift -= 1) units *= 10;
  if ((shift != 0 && units != 0) || units > MOST_INTEGER || units % (uint64_t)field->unit != 0) return false;
  *steps = units / (uint64_t)field->unit;
  return true;
}

static bool write_field(hub_writer *writer, const hub_cbor_field *field, hub_reader *reader) {
  decimal number;
  uint64_t steps;
  const hub_json_kind kind = hub_read_kind(reader);
  if (kind == HUB_JSON_STRING && field->words != NULL) {
    char word[HUB_WALK_TEXT];
    hub_reader ahead = *reader;
    if (hub_read_string(&ahead, word, sizeof word)) {
      for (uint8_t index = 0; index < field->word_count; index += 1) {
        if (!hub_equal(word, field->words[index])) continue;
        *reader = ahead;
        write_head(writer, UNSIGNED, index);
        return true;
      }
    }
  }
  if (kind != HUB_JSON_NUMBER) return write_value(writer, reader);
  if (!read_decimal(reader, &number)) return false;
  /* Of a field with words, a number is none of them. */
  if (field->words == NULL && steps_of(field, &number, &steps)) write_integer(writer, number.negative, steps);
  else write_float(writer, number.value);
  return true;
}

/* Finds a member of the object at `reader`; its value is next then. */
static bool find_member(hub_reader *reader, const char *wanted) {
  char name[66];
  bool first = true;
  if (!hub_read_open(reader, '{')) return false;
  while (hub_read_name(reader, &first, name, sizeof name)) {
    if (hub_equal(name, wanted)) return true;
    if (!hub_read_skip(reader)) return false;
  }
  return false;
}

static bool write_values(hub_writer *writer, const hub_cbor_stream *stream, const hub_reader *data) {
  hub_reader reader = *data;
  bool first = true;
  uint8_t known = 0;
  uint8_t members = 0;
  uint8_t count = 1;
  if (hub_read_kind(&reader) != HUB_JSON_OBJECT || !hub_read_open(&reader, '{')) return false;
  for (; hub_read_member(&reader, &first) && hub_read_skip(&reader) && hub_read_colon(&reader) && hub_read_skip(&reader); members += 1) {
  }
  if (reader.bad) return false;
  for (uint8_t index = 0; index < stream->field_count; index += 1) {
    reader = *data;
    if (!find_member(&reader, stream->fields[index].name)) continue;
    known += 1;
    count = (uint8_t)(index + 1);
  }
  /* A field without a place, or one given twice: the hub says so of the form with names. */
  if (known != members || stream->field_count == 0) return false;
  write_head(writer, ARRAY, count);
  for (uint8_t index = 0; index < count; index += 1) {
    reader = *data;
    if (!find_member(&reader, stream->fields[index].name)) write_byte(writer, UNDEFINED_BYTE);
    else if (!write_field(writer, &stream->fields[index], &reader)) return false;
  }
  return true;
}

static bool write_member_of(hub_writer *writer, const hub_reader *frame, const char *name) {
  hub_reader reader = *frame;
  return find_member(&reader, name) && write_value(writer, &reader);
}

/* `[1, seq, stream, time, [values], more?]` for a reading of a stream that the layout has. */
static bool write_short(hub_writer *writer, const hub_cbor_layout *layout, const hub_reader *frame) {
  char text[66];
  hub_reader reader = *frame;
  if (!find_member(&reader, "type") || !hub_read_string(&reader, text, sizeof text) || !hub_equal(text, "telemetry")) return false;
  reader = *frame;
  if (!find_member(&reader, "stream") || !hub_read_string(&reader, text, sizeof text)) return false;
  uint8_t place = 0;
  while (place < layout->stream_count && !hub_equal(text, layout->streams[place].name)) place += 1;
  hub_reader data = *frame;
  if (place == layout->stream_count || !find_member(&data, "data")) return false;
  hub_reader boot = *frame;
  hub_reader backfill = *frame;
  const bool has_boot = find_member(&boot, "boot");
  const bool has_backfill = find_member(&backfill, "backfill");
  write_head(writer, ARRAY, has_boot || has_backfill ? 6 : 5);
  write_head(writer, UNSIGNED, 1);
  if (!write_member_of(writer, frame, "seq")) return false;
  write_head(writer, UNSIGNED, place);
  reader = *frame;
  if (find_member(&reader, "up")) write_head(writer, ARRAY, 1);
  if (!write_member_of(writer, frame, "up") && !write_member_of(writer, frame, "ts")) return false;
  if (!write_values(writer, &layout->streams[place], &data)) return false;
  if (!has_boot && !has_backfill) return true;
  write_head(writer, MAP, (uint64_t)has_boot + has_backfill);
  if (has_boot) {
    write_head(writer, TEXT, 4);
    hub_write_raw(writer, "boot");
    if (!write_value(writer, &boot)) return false;
  }
  if (has_backfill) {
    write_head(writer, TEXT, 8);
    hub_write_raw(writer, "backfill");
    if (!write_value(writer, &backfill)) return false;
  }
  return true;
}

/* What was written behind the JSON takes its place. */
static size_t moved(char *buffer, const hub_writer *writer, bool is_written) {
  if (!is_written || writer->overflow) return 0;
  for (size_t index = 0; index < writer->length; index += 1) buffer[index] = writer->buffer[index];
  return writer->length;
}

size_t hub_cbor_of_json(const hub_cbor_layout *layout, char *buffer, size_t length, size_t size) {
  hub_writer writer;
  hub_reader reader;
  hub_reader_begin(&reader, buffer, length);
  hub_writer_begin(&writer, buffer + length, size - length);
  hub_reader ahead = reader;
  if (!hub_read_skip(&ahead) || !hub_reader_end(&ahead)) return 0;
  bool is_written = layout != NULL && write_short(&writer, layout, &reader);
  if (!is_written) {
    hub_writer_begin(&writer, buffer + length, size - length);
    is_written = write_value(&writer, &reader);
  }
  return moved(buffer, &writer, is_written);
}

size_t hub_cbor_values(const hub_cbor_stream *stream, char *buffer, size_t length, size_t size) {
  hub_writer writer;
  hub_reader reader;
  hub_reader_begin(&reader, buffer, length);
  hub_writer_begin(&writer, buffer + length, size - length);
  return moved(buffer, &writer, write_values(&writer, stream, &reader));
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

enum { AT_ITEM, IN_ARGUMENT, IN_TEXT, AT_END, BROKEN };

void hub_cbor_reader_begin(hub_cbor_reader *reader) {
  *reader = (hub_cbor_reader){0};
}

bool hub_cbor_reader_is_whole(const hub_cbor_reader *reader) {
  return reader->state == AT_END;
}

static bool broken(hub_cbor_reader *reader) {
  reader->state = BROKEN;
  return false;
}

typedef struct {
  hub_cbor_emit emit;
  void *context;
} sink;

static bool emit_text(const sink *to, const char *text) {
  for (; *text != '\0'; text += 1) {
    if (!to->emit(to->context, *text)) return false;
  }
  return true;
}

static uint32_t level_bit(const hub_cbor_reader *reader) {
  return UINT32_C(1) << (reader->depth - 1);
}

static bool is_name(const hub_cbor_reader *reader) {
  return reader->depth > 0 && (reader->maps & level_bit(reader)) != 0 && reader->missing[reader->depth - 1] % 2 == 0;
}

/* An item has ended, and with it perhaps what it was the last of. */
static bool item_ended(hub_cbor_reader *reader, const sink *to) {
  reader->state = AT_ITEM;
  if (is_name(reader) && !emit_text(to, ":")) return false;
  while (reader->depth > 0) {
    uint32_t *missing = &reader->missing[reader->depth - 1];
    if (*missing > 0) *missing -= 1;
    if (*missing > 0) return true;
    const bool is_map = (reader->maps & level_bit(reader)) != 0;
    reader->depth -= 1;
    if (!emit_text(to, is_map ? "}" : "]")) return false;
  }
  reader->state = AT_END;
  return true;
}

/* Separates the item from the one before it. */
static bool item_begins(hub_cbor_reader *reader, const sink *to) {
  if (reader->depth == 0) return true;
  const uint32_t bit = level_bit(reader);
  const bool is_first = (reader->begun & bit) == 0;
  reader->begun |= bit;
  return is_first || ((reader->maps & bit) != 0 && !is_name(reader)) || emit_text(to, ",");
}

static bool open_container(hub_cbor_reader *reader, const sink *to, bool is_map) {
  if (reader->argument > LONGEST || reader->depth == HUB_CBOR_DEPTH) return broken(reader);
  if (!emit_text(to, is_map ? "{" : "[")) return false;
  reader->depth += 1;
  const uint32_t bit = level_bit(reader);
  reader->maps = is_map ? reader->maps | bit : reader->maps & ~bit;
  reader->begun &= ~bit;
  reader->missing[reader->depth - 1] = (uint32_t)reader->argument * (is_map ? 2u : 1u);
  reader->state = AT_ITEM;
  if (reader->argument > 0) return true;
  /* It ends where it began. */
  reader->missing[reader->depth - 1] = 0;
  reader->depth -= 1;
  return emit_text(to, is_map ? "}" : "]") && item_ended(reader, to);
}

/* A float of so many bits of exponent and fraction. */
static bool emit_float(hub_cbor_reader *reader, const sink *to, uint8_t exponent_bits, uint8_t fraction_bits) {
  char text[32];
  hub_writer writer;
  const uint64_t bits = reader->argument;
  const int most = (1 << exponent_bits) - 1;
  int exponent = (int)(bits >> fraction_bits) & most;
  uint64_t fraction = bits & ((UINT64_C(1) << fraction_bits) - 1);
  /* JSON has no infinity and no NaN. */
  if (exponent == most) return broken(reader);
  if (exponent == 0) exponent = 1;
  else fraction |= UINT64_C(1) << fraction_bits;
  double value = (double)fraction;
  exponent -= most / 2 + fraction_bits;
  for (; exponent > 0; exponent -= 1) value *= 2;
  for (; exponent < 0 && value > 0; exponent += 1) value /= 2;
  hub_writer_begin(&writer, text, sizeof text);
  hub_write_number(&writer, (bits >> (exponent_bits + fraction_bits) & 1) != 0 ? -value : value);
  return hub_writer_end(&writer) > 0 && emit_text(to, text) && item_ended(reader, to);
}

static bool emit_integer(hub_cbor_reader *reader, const sink *to, bool is_negative) {
  char text[24];
  hub_writer writer;
  /* The hub writes no others as integers. */
  if (reader->argument > MOST_INTEGER) return broken(reader);
  hub_writer_begin(&writer, text, sizeof text);
  hub_write_integer(&writer, is_negative ? -1 - (int64_t)reader->argument : (int64_t)reader->argument);
  hub_writer_end(&writer);
  return emit_text(to, text) && item_ended(reader, to);
}

static bool simple(hub_cbor_reader *reader, const sink *to) {
  const uint8_t info = reader->head & 31;
  if (info == 25) return emit_float(reader, to, 5, 10);
  if (info == 26) return emit_float(reader, to, 8, 23);
  if (info == 27) return emit_float(reader, to, 11, 52);
  if (info < 20 || info > 22) return broken(reader);
  return emit_text(to, info == 20 ? "false" : info == 21 ? "true" : "null") && item_ended(reader, to);
}

/* `[2, upTo]` is an ack: the only message that is no map. Something is emitted of its first byte, as of every message. */
static bool short_ack(hub_cbor_reader *reader, const sink *to) {
  const uint8_t major = reader->head >> 5;
  reader->ack += 1;
  if (reader->ack == 1) {
    reader->state = AT_ITEM;
    return major == ARRAY && reader->argument == 2 && emit_text(to, "{\"type\":\"ack\"");
  }
  if (major != UNSIGNED || (reader->ack == 2 && reader->argument != 2)) return broken(reader);
  reader->state = AT_ITEM;
  if (reader->ack == 2) return emit_text(to, ",\"upTo\":");
  return emit_integer(reader, to, false) && emit_text(to, "}");
}

/* The head of an item is there, with its argument. */
static bool head_ended(hub_cbor_reader *reader, const sink *to) {
  const uint8_t major = reader->head >> 5;
  if (reader->ack > 0 || (reader->depth == 0 && major != MAP)) return short_ack(reader, to);
  if (is_name(reader) && major != TEXT) return broken(reader);
  if (!item_begins(reader, to)) return false;
  switch (major) {
    case UNSIGNED:
    case NEGATIVE:
      return emit_integer(reader, to, major == NEGATIVE);
    case TEXT:
      if (reader->argument > LONGEST) return broken(reader);
      reader->state = IN_TEXT;
      if (!emit_text(to, "\"")) return false;
      return reader->argument > 0 || (emit_text(to, "\"") && item_ended(reader, to));
    case ARRAY:
    case MAP:
      return open_container(reader, to, major == MAP);
    case SIMPLE:
      return simple(reader, to);
    default:
      /* Byte strings and tags: JSON has none. */
      return broken(reader);
  }
}

static bool text_byte(hub_cbor_reader *reader, const sink *to, uint8_t byte) {
  static const char digits[] = "0123456789abcdef";
  char escape[7] = "\\u00";
  if (byte == '"' || byte == '\\') {
    if (!emit_text(to, "\\")) return false;
  }
  escape[4] = digits[byte >> 4];
  escape[5] = digits[byte & 15];
  if (byte < 0x20 ? !emit_text(to, escape) : !to->emit(to->context, (char)byte)) return false;
  reader->argument -= 1;
  return reader->argument > 0 || (emit_text(to, "\"") && item_ended(reader, to));
}

bool hub_cbor_reader_take(hub_cbor_reader *reader, uint8_t byte, hub_cbor_emit emit, void *context) {
  const sink to = {emit, context};
  bool goes_on;
  if (reader->state == IN_TEXT) {
    goes_on = text_byte(reader, &to, byte);
  } else if (reader->state == IN_ARGUMENT) {
    reader->argument = reader->argument << 8 | byte;
    reader->left -= 1;
    goes_on = reader->left > 0 || head_ended(reader, &to);
  } else if (reader->state == AT_ITEM) {
    const uint8_t info = byte & 31;
    reader->head = byte;
    reader->argument = info;
    if (info < 24) {
      goes_on = head_ended(reader, &to);
    } else {
      reader->argument = 0;
      reader->left = (uint8_t)(1u << (info - 24));
      reader->state = IN_ARGUMENT;
      /* Reserved, or of no definite length. */
      goes_on = info < 28;
    }
  } else {
    goes_on = false;
  }
  return goes_on || broken(reader);
}

/* ---- for the core ------------------------------------------------------------------------------------------------ */

static bool emit_to_walk(void *walk, char character) {
  return hub_walk_take((hub_walk *)walk, character);
}

static void take(hub_frame_format *format, hub_walk *walk, uint8_t byte) {
  hub_cbor *cbor = (hub_cbor *)format;
  if (hub_walk_is_fresh(walk)) hub_cbor_reader_begin(&cbor->reader);
  /* No JSON begins so: then the frame is none. */
  if (!hub_cbor_reader_take(&cbor->reader, byte, emit_to_walk, walk)) hub_walk_take(walk, '!');
}

static size_t write(const hub_frame_format *format, char *json, size_t length, size_t size) {
  return hub_cbor_of_json(((const hub_cbor *)format)->layout, json, length, size);
}

void hub_cbor_begin(hub_cbor *cbor, const hub_cbor_layout *layout) {
  cbor->layout = layout;
  cbor->format.layout = layout == NULL ? NULL : layout->fingerprint;
  cbor->format.write = write;
  cbor->format.take = take;
  hub_cbor_reader_begin(&cbor->reader);
}
