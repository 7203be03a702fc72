#include "hub_json.h"

#define HUB_MAX_DEPTH 32

/* ---- writing ---------------------------------------------------------------------------------------------------- */

void hub_writer_begin(hub_writer *writer, char *buffer, size_t size) {
  writer->buffer = buffer;
  writer->size = size;
  writer->length = 0;
  writer->overflow = size == 0;
}

size_t hub_writer_end(hub_writer *writer) {
  if (writer->size == 0) return 0;
  if (writer->overflow) writer->length = 0;
  writer->buffer[writer->length] = '\0';
  return writer->length;
}

void hub_write_bytes(hub_writer *writer, const char *bytes, size_t length) {
  /* One byte stays free for the NUL. */
  if (writer->overflow || length >= writer->size - writer->length) {
    writer->overflow = true;
    return;
  }
  for (size_t index = 0; index < length; index += 1) writer->buffer[writer->length + index] = bytes[index];
  writer->length += length;
}

void hub_write_raw(hub_writer *writer, const char *text) {
  hub_write_bytes(writer, text, hub_length(text));
}

void hub_write_string(hub_writer *writer, const char *text) {
  static const char hex[] = "0123456789abcdef";
  size_t left = hub_length(text);
  hub_write_bytes(writer, "\"", 1);
  while (left > 0) {
    const unsigned char byte = (unsigned char)*text;
    const size_t size = hub_utf8_size(text, left);
    if (size == 0) {
      hub_write_bytes(writer, "\xEF\xBF\xBD", 3);
    } else if (byte == '"' || byte == '\\') {
      const char escaped[2] = {'\\', (char)byte};
      hub_write_bytes(writer, escaped, 2);
    } else if (byte < 0x20) {
      const char escaped[6] = {'\\', 'u', '0', '0', hex[byte >> 4], hex[byte & 15]};
      hub_write_bytes(writer, escaped, 6);
    } else {
      hub_write_bytes(writer, text, size);
    }
    text += size == 0 ? 1 : size;
    left -= size == 0 ? 1 : size;
  }
  hub_write_bytes(writer, "\"", 1);
}

/* The last digit, which is taken from the value. In parts of 16 bits: a division of 64 takes 700 bytes of code where there is none. */
static uint8_t take_digit(uint64_t *value) {
  uint64_t quotient = 0;
  uint32_t rest = 0;
  for (uint8_t part = 4; part > 0; part -= 1) {
    rest = rest << 16 | (uint16_t)(*value >> (16 * (part - 1)));
    quotient = quotient << 16 | rest / 10;
    rest %= 10;
  }
  *value = quotient;
  return (uint8_t)rest;
}

static void write_digits(hub_writer *writer, uint64_t value, uint8_t least) {
  char digits[20];
  uint8_t count = 0;
  do {
    digits[sizeof digits - 1 - count] = (char)('0' + take_digit(&value));
    count += 1;
  } while (value > 0);
  while (count < least && count < sizeof digits) {
    digits[sizeof digits - 1 - count] = '0';
    count += 1;
  }
  hub_write_bytes(writer, digits + sizeof digits - count, count);
}

static uint64_t magnitude(int64_t value) {
  return value < 0 ? 0u - (uint64_t)value : (uint64_t)value;
}

void hub_write_integer(hub_writer *writer, int64_t value) {
  if (value < 0) hub_write_bytes(writer, "-", 1);
  write_digits(writer, magnitude(value), 1);
}

static uint64_t power_of_ten(uint8_t exponent) {
  uint64_t power = 1;
  while (exponent > 0) {
    power *= 10;
    exponent -= 1;
  }
  return power;
}

/* `digits` * 10^-decimals, without zeros at the end. */
static void write_fraction(hub_writer *writer, uint64_t digits, uint8_t decimals) {
  while (decimals > 0 && digits % 10 == 0) {
    digits /= 10;
    decimals -= 1;
  }
  /* 10^20 and more do not fit; such a number has zeros alone before its digits. */
  const uint64_t whole = decimals > 19 ? 0 : digits / power_of_ten(decimals);
  write_digits(writer, whole, 1);
  if (decimals == 0) return;
  hub_write_bytes(writer, ".", 1);
  for (; decimals > 19; decimals -= 1) hub_write_bytes(writer, "0", 1);
  write_digits(writer, digits - whole * power_of_ten(decimals), decimals);
}

void hub_write_decimal(hub_writer *writer, int64_t value, uint8_t decimals) {
  if (value < 0) hub_write_bytes(writer, "-", 1);
  write_fraction(writer, magnitude(value), decimals);
}

#define HUB_DIGITS (sizeof(double) == 4 ? 7 : 15)

static double scaled(double value, uint8_t decimals) {
  /* 10^22 is the greatest power of ten that a double holds exactly: one multiplication, one rounding. */
  double power = 1;
  while (decimals > 0) {
    power *= 10;
    decimals -= 1;
  }
  return value * power;
}

void hub_write_number(hub_writer *writer, double value) {
  /* NaN is not equal to itself; infinity minus itself is NaN. */
  if (!(value - value <= 0 && value - value >= 0)) {
    hub_write_raw(writer, "null");
    return;
  }
  if (value < 0) {
    hub_write_bytes(writer, "-", 1);
    value = -value;
  }
  int exponent = 0;
  if (value >= 1e15 || (value > 0 && value < 1e-6)) {
    /* To 1 … 10, in few steps: each one rounds. */
    for (; value >= 1e22; exponent += 22) value /= 1e22;
    for (; value >= 10; exponent += 1) value /= 10;
    for (; value < 1e-21; exponent -= 22) value *= 1e22;
    for (; value < 1; exponent -= 1) value *= 10;
  }
  const uint64_t whole = (uint64_t)value;
  const double fraction = value - (double)whole;
  uint8_t before = 0;
  for (uint64_t rest = whole; rest > 0; rest /= 10) before += 1;
  uint8_t decimals = (uint8_t)(before < HUB_DIGITS ? HUB_DIGITS - before : 0);
  if (whole == 0 && fraction > 0) {
    for (double first = fraction; first < 0.1; first *= 10) decimals += 1;
  }
  /* Digits behind the point, rounded; at 10^decimals they carry into the whole number by themselves. */
  const uint64_t digits = (uint64_t)(scaled(fraction, decimals) + 0.5);
  if (decimals > 19) {
    write_fraction(writer, digits, decimals);
  } else {
    const uint64_t power = power_of_ten(decimals);
    const uint64_t all = whole + digits / power;
    const uint64_t rest = digits % power;
    write_digits(writer, all, 1);
    if (rest > 0) {
      uint8_t places = decimals;
      uint64_t shown = rest;
      while (shown % 10 == 0) {
        shown /= 10;
        places -= 1;
      }
      hub_write_bytes(writer, ".", 1);
      write_digits(writer, shown, places);
    }
  }
  if (exponent != 0) {
    hub_write_bytes(writer, "e", 1);
    hub_write_integer(writer, exponent);
  }
}

void hub_write_steps(hub_writer *writer, double value, double step, int64_t lowest, int64_t highest, int32_t unit,
                     uint8_t decimals) {
  int64_t steps = hub_round(value / step);
  if (steps < lowest) steps = lowest;
  if (steps > highest) steps = highest;
  hub_write_decimal(writer, steps * unit, decimals);
}

void hub_write_boolean(hub_writer *writer, bool value) {
  hub_write_raw(writer, value ? "true" : "false");
}

void hub_write_comma(hub_writer *writer) {
  if (writer->overflow || writer->length == 0) return;
  const char last = writer->buffer[writer->length - 1];
  if (last != '{' && last != '[') hub_write_bytes(writer, ",", 1);
}

void hub_write_name(hub_writer *writer, const char *name) {
  hub_write_comma(writer);
  hub_write_bytes(writer, "\"", 1);
  hub_write_raw(writer, name);
  hub_write_bytes(writer, "\":", 2);
}

int64_t hub_round(double value) {
  if (!(value > -9e18 && value < 9e18)) return INT64_MIN;
  const int64_t whole = (int64_t)value;
  const double rest = value - (double)whole;
  if (rest >= 0.5) return whole + 1;
  if (rest <= -0.5) return whole - 1;
  return whole;
}

/* ---- reading ---------------------------------------------------------------------------------------------------- */

void hub_reader_begin(hub_reader *reader, const char *text, size_t length) {
  reader->at = text;
  reader->end = text + length;
  reader->bad = false;
  reader->depth = 0;
}

static bool fail(hub_reader *reader) {
  reader->bad = true;
  return false;
}

static void skip_space(hub_reader *reader) {
  while (reader->at < reader->end &&
         (*reader->at == ' ' || *reader->at == '\t' || *reader->at == '\n' || *reader->at == '\r'))
    reader->at += 1;
}

/* The next character that is no white space, NUL at the end. */
static char next_of(hub_reader *reader) {
  if (reader->bad) return '\0';
  skip_space(reader);
  return reader->at < reader->end ? *reader->at : '\0';
}

static bool take(hub_reader *reader, char wanted) {
  if (next_of(reader) != wanted || wanted == '\0') return fail(reader);
  reader->at += 1;
  return true;
}

bool hub_reader_end(hub_reader *reader) {
  skip_space(reader);
  return !reader->bad && reader->at == reader->end;
}

hub_json_kind hub_read_kind(hub_reader *reader) {
  const char next = next_of(reader);
  if (next == 'n') return HUB_JSON_NULL;
  if (next == 't' || next == 'f') return HUB_JSON_BOOLEAN;
  if (next == '-' || (next >= '0' && next <= '9')) return HUB_JSON_NUMBER;
  if (next == '"') return HUB_JSON_STRING;
  if (next == '[') return HUB_JSON_ARRAY;
  if (next == '{') return HUB_JSON_OBJECT;
  return HUB_JSON_NONE;
}

bool hub_read_open(hub_reader *reader, char bracket) {
  if (reader->depth >= HUB_MAX_DEPTH) return fail(reader);
  reader->depth += 1;
  return take(reader, bracket);
}

/* True before a further member; false at the end, or at a fault. */
static bool has_more(hub_reader *reader, bool *first, char closing) {
  const char next = next_of(reader);
  if (next == closing) {
    reader->at += 1;
    reader->depth -= 1;
    return false;
  }
  if (!*first && !take(reader, ',')) return false;
  *first = false;
  return !reader->bad;
}

bool hub_read_name(hub_reader *reader, bool *first, char *name, size_t size) {
  return has_more(reader, first, '}') && hub_read_string(reader, name, size) && take(reader, ':');
}

bool hub_read_member(hub_reader *reader, bool *first) {
  return has_more(reader, first, '}');
}

bool hub_read_colon(hub_reader *reader) {
  return take(reader, ':');
}

bool hub_read_item(hub_reader *reader, bool *first) {
  return has_more(reader, first, ']');
}

static int hex_digit(char character) {
  if (character >= '0' && character <= '9') return character - '0';
  if (character >= 'a' && character <= 'f') return character - 'a' + 10;
  if (character >= 'A' && character <= 'F') return character - 'A' + 10;
  return -1;
}

/* Four hexadecimal digits; -1 when they are none. */
static int32_t read_hex(hub_reader *reader) {
  int32_t value = 0;
  if (reader->end - reader->at < 4) return -1;
  for (int index = 0; index < 4; index += 1) {
    const int digit = hex_digit(*reader->at);
    if (digit < 0) return -1;
    value = value * 16 + digit;
    reader->at += 1;
  }
  return value;
}

/* What follows a backslash and `u`, as UTF-8. Returns its size, 0 at a fault: half a pair is no character. */
static size_t read_escaped(hub_reader *reader, char *utf8) {
  int32_t code = read_hex(reader);
  if (code < 0 || (code >= 0xDC00 && code <= 0xDFFF)) return 0;
  if (code >= 0xD800 && code <= 0xDBFF) {
    if (reader->end - reader->at < 2 || reader->at[0] != '\\' || reader->at[1] != 'u') return 0;
    reader->at += 2;
    const int32_t low = read_hex(reader);
    if (low < 0xDC00 || low > 0xDFFF) return 0;
    code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
  }
  if (code < 0x80) {
    utf8[0] = (char)code;
    return 1;
  }
  size_t size = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  for (size_t index = size - 1; index > 0; index -= 1) {
    utf8[index] = (char)(0x80 | (code & 0x3F));
    code >>= 6;
  }
  static const unsigned char lead[5] = {0, 0, 0xC0, 0xE0, 0xF0};
  utf8[0] = (char)(lead[size] | (unsigned char)code);
  return size;
}

static char unescaped(char character) {
  switch (character) {
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case '"':
    case '\\':
    case '/':
      return character;
    default:
      return '\0';
  }
}

/* `text` NULL: the string is read and left. */
static bool read_text(hub_reader *reader, char *text, size_t size) {
  size_t length = 0;
  if (!take(reader, '"')) return false;
  while (reader->at < reader->end) {
    char utf8[4];
    size_t count = 1;
    utf8[0] = *reader->at;
    if (utf8[0] == '"') {
      reader->at += 1;
      if (text != NULL) text[length] = '\0';
      return true;
    }
    if ((unsigned char)utf8[0] < 0x20) return fail(reader);
    reader->at += 1;
    if (utf8[0] == '\\') {
      if (reader->at == reader->end) return fail(reader);
      const char escape = *reader->at;
      reader->at += 1;
      if (escape == 'u') {
        count = read_escaped(reader, utf8);
        /* A NUL would end the C string before its time. */
        if (count == 0 || (count == 1 && utf8[0] == '\0' && text != NULL)) return fail(reader);
      } else {
        utf8[0] = unescaped(escape);
        if (utf8[0] == '\0') return fail(reader);
      }
    }
    if (text == NULL) continue;
    if (length + count >= size) return fail(reader);
    for (size_t index = 0; index < count; index += 1) text[length + index] = utf8[index];
    length += count;
  }
  return fail(reader);
}

bool hub_read_string(hub_reader *reader, char *text, size_t size) {
  if (size == 0) return fail(reader);
  return read_text(reader, text, size);
}

static bool is_digit(const hub_reader *reader) {
  return reader->at < reader->end && *reader->at >= '0' && *reader->at <= '9';
}

bool hub_read_number(hub_reader *reader, double *value, bool *whole) {
  if (hub_read_kind(reader) != HUB_JSON_NUMBER) return fail(reader);
  const bool negative = *reader->at == '-';
  if (negative) reader->at += 1;
  if (!is_digit(reader)) return fail(reader);
  uint64_t digits = 0;
  int exponent = 0;
  const bool zero = *reader->at == '0';
  for (int count = 0; is_digit(reader); count += 1) {
    /* RFC 8259 section 6: no digit follows a leading zero. */
    if (zero && count > 0) return fail(reader);
    if (digits < 100000000000000000u) digits = digits * 10 + (uint64_t)(*reader->at - '0');
    else exponent += exponent < 1000 ? 1 : 0;
    reader->at += 1;
  }
  if (reader->at < reader->end && *reader->at == '.') {
    reader->at += 1;
    if (!is_digit(reader)) return fail(reader);
    for (; is_digit(reader); reader->at += 1) {
      if (digits >= 100000000000000000u) continue;
      digits = digits * 10 + (uint64_t)(*reader->at - '0');
      exponent -= exponent > -1000 ? 1 : 0;
    }
  }
  if (reader->at < reader->end && (*reader->at == 'e' || *reader->at == 'E')) {
    reader->at += 1;
    bool below = false;
    if (reader->at < reader->end && (*reader->at == '-' || *reader->at == '+')) {
      below = *reader->at == '-';
      reader->at += 1;
    }
    if (!is_digit(reader)) return fail(reader);
    int given = 0;
    for (; is_digit(reader); reader->at += 1) {
      if (given < 2000) given = given * 10 + (*reader->at - '0');
    }
    exponent += below ? -given : given;
  }
  while (digits > 0 && digits % 10 == 0) {
    digits /= 10;
    exponent += 1;
  }
  double number = (double)digits;
  double power = 1;
  int steps = exponent < 0 ? -exponent : exponent;
  if (digits == 0) steps = 0;
  /* Up to 22 the power is exact, and one operation rounds once; beyond 700 nothing is left but 0 or infinity. */
  if (steps > 700) steps = 700;
  for (int index = 0; index < steps; index += 1) {
    power *= 10;
    if (power >= 1e22 || index == steps - 1) {
      number = exponent < 0 ? number / power : number * power;
      power = 1;
    }
  }
  *value = negative ? -number : number;
  if (whole != NULL) *whole = number <= 9007199254740991.0 && (double)(int64_t)number >= number;
  return true;
}

static bool take_word(hub_reader *reader, const char *word) {
  skip_space(reader);
  for (; *word != '\0'; word += 1) {
    if (reader->bad || reader->at == reader->end || *reader->at != *word) return fail(reader);
    reader->at += 1;
  }
  return true;
}

bool hub_read_boolean(hub_reader *reader, bool *value) {
  *value = next_of(reader) == 't';
  return take_word(reader, *value ? "true" : "false");
}

bool hub_read_null(hub_reader *reader) {
  return take_word(reader, "null");
}

bool hub_read_skip(hub_reader *reader) {
  /* A loop, not a recursion: the stack of a small device is small. One bit a level: set in an object. */
  uint32_t objects = 0;
  const uint8_t outside = reader->depth;
  bool first = false;
  do {
    double number;
    bool flag;
    const hub_json_kind kind = hub_read_kind(reader);
    if (kind == HUB_JSON_OBJECT || kind == HUB_JSON_ARRAY) {
      if (!hub_read_open(reader, kind == HUB_JSON_OBJECT ? '{' : '[')) return false;
      objects = (objects << 1) | (kind == HUB_JSON_OBJECT ? 1u : 0u);
      first = true;
    } else if (kind == HUB_JSON_STRING) {
      if (!read_text(reader, NULL, 0)) return false;
    } else if (kind == HUB_JSON_NUMBER) {
      if (!hub_read_number(reader, &number, NULL)) return false;
    } else if (kind == HUB_JSON_BOOLEAN) {
      if (!hub_read_boolean(reader, &flag)) return false;
    } else if (!hub_read_null(reader)) {
      return false;
    }
    while (reader->depth > outside) {
      const bool object = (objects & 1u) != 0;
      const uint8_t before = reader->depth;
      const bool more = has_more(reader, &first, object ? '}' : ']');
      if (reader->bad) return false;
      if (more) {
        if (object && !(read_text(reader, NULL, 0) && take(reader, ':'))) return false;
        break;
      }
      if (reader->depth < before) objects >>= 1;
      first = false;
    }
  } while (reader->depth > outside);
  return true;
}

/* ---- texts ------------------------------------------------------------------------------------------------------ */

bool hub_equal(const char *a, const char *b) {
  while (*a != '\0' && *a == *b) {
    a += 1;
    b += 1;
  }
  return *a == *b;
}

size_t hub_length(const char *text) {
  size_t length = 0;
  while (text[length] != '\0') length += 1;
  return length;
}

size_t hub_characters(const char *text) {
  size_t count = 0;
  for (size_t left = hub_length(text); left > 0; count += 1) {
    const size_t size = hub_utf8_size(text, left);
    text += size == 0 ? 1 : size;
    left -= size == 0 ? 1 : size;
  }
  return count;
}

size_t hub_utf8_size(const char *text, size_t room) {
  const unsigned char *bytes = (const unsigned char *)text;
  if (room == 0) return 0;
  if (bytes[0] < 0x80) return 1;
  const size_t size = bytes[0] >= 0xF0 ? 4 : bytes[0] >= 0xE0 ? 3 : 2;
  /* RFC 3629: no overlong forms, no surrogates, nothing beyond U+10FFFF. */
  if (bytes[0] < 0xC2 || bytes[0] > 0xF4 || size > room) return 0;
  if (bytes[0] == 0xE0 && bytes[1] < 0xA0) return 0;
  if (bytes[0] == 0xED && bytes[1] > 0x9F) return 0;
  if (bytes[0] == 0xF0 && bytes[1] < 0x90) return 0;
  if (bytes[0] == 0xF4 && bytes[1] > 0x8F) return 0;
  for (size_t index = 1; index < size; index += 1) {
    if ((bytes[index] & 0xC0) != 0x80) return 0;
  }
  return size;
}

bool hub_refuse(hub_fault *fault, const char *field, const char *rule) {
  if (fault != NULL) {
    fault->field = field;
    fault->rule = rule;
  }
  return false;
}
