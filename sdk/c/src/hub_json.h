/*
 * JSON into and out of buffers that the caller owns: no heap, no printf, no locale.
 * Generated code uses it, and so may the firmware for parameters and outputs of commands.
 */
#ifndef HUB_JSON_H
#define HUB_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- writing ---------------------------------------------------------------------------------------------------- */

typedef struct {
  char *buffer;
  size_t size;
  size_t length;
  /* Once something did not fit, nothing is written any more: half a value is no JSON. */
  bool overflow;
} hub_writer;

void hub_writer_begin(hub_writer *writer, char *buffer, size_t size);
/* Ends the text with a NUL. Returns its length, 0 when it did not fit. */
size_t hub_writer_end(hub_writer *writer);

void hub_write_bytes(hub_writer *writer, const char *bytes, size_t length);
/* As it is: names, punctuation, JSON that is already written. */
void hub_write_raw(hub_writer *writer, const char *text);
/* In quotes and escaped. What is no UTF-8 becomes U+FFFD, because the hub refuses a frame with other bytes. */
void hub_write_string(hub_writer *writer, const char *text);
void hub_write_integer(hub_writer *writer, int64_t value);
/* With 15 significant digits at most (7 where double has 32 bits); NaN and infinity, which JSON lacks, as null. */
void hub_write_number(hub_writer *writer, double value);
/* value * 10^-decimals, without rounding: 215 and 1 is 21.5. */
void hub_write_decimal(hub_writer *writer, int64_t value, uint8_t decimals);
/*
 * The nearest multiple of `step`, which is `unit` * 10^-decimals, of those from `lowest` to `highest` times: what is within
 * bounds stays there. Generated code writes fields with `x-step` so.
 */
void hub_write_steps(hub_writer *writer, double value, double step, int64_t lowest, int64_t highest, int32_t unit,
                     uint8_t decimals);
void hub_write_boolean(hub_writer *writer, bool value);
/* `,` unless it stands behind `{` or `[`, then the name in quotes and `:`. */
void hub_write_name(hub_writer *writer, const char *name);
/* `,` unless it stands behind `{` or `[`. */
void hub_write_comma(hub_writer *writer);

/* The nearest whole number, halves away from zero; INT64_MIN for NaN and what is beyond 9e18. */
int64_t hub_round(double value);

/* ---- reading ---------------------------------------------------------------------------------------------------- */

/* Reads a whole JSON text in memory, front to back. After a fault every further call fails: look once, at the end. */
typedef struct {
  const char *at;
  const char *end;
  bool bad;
  uint8_t depth;
} hub_reader;

typedef enum {
  HUB_JSON_NONE,
  HUB_JSON_NULL,
  HUB_JSON_BOOLEAN,
  HUB_JSON_NUMBER,
  HUB_JSON_STRING,
  HUB_JSON_ARRAY,
  HUB_JSON_OBJECT
} hub_json_kind;

void hub_reader_begin(hub_reader *reader, const char *text, size_t length);
/* Nothing was wrong, and nothing but white space is left. */
bool hub_reader_end(hub_reader *reader);

/* What the next value is, without taking it. */
hub_json_kind hub_read_kind(hub_reader *reader);
/* Takes `{` or `[`. */
bool hub_read_open(hub_reader *reader, char bracket);
/* In an object: takes the next name and its colon; false at `}`, which is taken. `first` is true before the first one. */
bool hub_read_name(hub_reader *reader, bool *first, char *name, size_t size);
/* In an object, of names of any length: true when another one is next; false at `}`, which is taken. Then the colon. */
bool hub_read_member(hub_reader *reader, bool *first);
bool hub_read_colon(hub_reader *reader);
/* In an array: true when another item follows; false at `]`, which is taken. */
bool hub_read_item(hub_reader *reader, bool *first);
/* Unescaped and ended by a NUL. Fails when it does not fit. */
bool hub_read_string(hub_reader *reader, char *text, size_t size);
/* `whole`, if not NULL, is set when the value is an integer that int64_t and double hold exactly. */
bool hub_read_number(hub_reader *reader, double *value, bool *whole);
bool hub_read_boolean(hub_reader *reader, bool *value);
bool hub_read_null(hub_reader *reader);
/* Any value, whatever is in it. */
bool hub_read_skip(hub_reader *reader);

/* ---- texts ------------------------------------------------------------------------------------------------------ */

bool hub_equal(const char *a, const char *b);
size_t hub_length(const char *text);
/* Characters (code points), as `maxLength` counts them. */
size_t hub_characters(const char *text);
/* Length in bytes of the UTF-8 character at `text`, which has `room` bytes; 0 when it is none. */
size_t hub_utf8_size(const char *text, size_t room);

/* What generated code found wrong: the field, and the keyword of its schema. */
typedef struct {
  const char *field;
  const char *rule;
} hub_fault;

/* Notes the fault where `fault` is not NULL. Always false, so that a check can return it. */
bool hub_refuse(hub_fault *fault, const char *field, const char *rule);

#ifdef __cplusplus
}
#endif

#endif
