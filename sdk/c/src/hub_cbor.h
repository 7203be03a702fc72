/*
 * Binary frames: `hub.v1.cbor` (RFC 8949). Give the core one of these in `hub_config.cbor`, and everything it says and hears is CBOR;
 * the linker leaves it out of firmware that does not.
 */
#ifndef HUB_CBOR_H
#define HUB_CBOR_H

#include "hub_walk.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What is nested deeper is no frame for this device. */
#define HUB_CBOR_DEPTH 16

typedef struct {
  const char *name;
  /* An integer stands for so many unit * 10^-decimals. */
  int32_t unit;
  uint8_t decimals;
  uint8_t word_count;
  /* An integer stands for one of these; NULL: it is a number. */
  const char *const *words;
} hub_cbor_field;

typedef struct {
  const char *name;
  const hub_cbor_field *fields;
  uint8_t field_count;
} hub_cbor_stream;

/* The places of the fields in the short form of readings; generated code has that of its type. */
typedef struct {
  /* What `hello.layout` says. */
  const char *fingerprint;
  const hub_cbor_stream *streams;
  uint8_t stream_count;
} hub_cbor_layout;

/* Takes one character of the JSON that the bytes stand for. False: no more is wanted. */
typedef bool (*hub_cbor_emit)(void *context, char character);

/* The bytes of one message, one after the other. */
typedef struct {
  uint64_t argument;
  /* Items that are missing in each of the arrays and maps that are open; of a map, names count too. */
  uint32_t missing[HUB_CBOR_DEPTH];
  uint32_t maps;
  uint32_t begun;
  uint8_t depth;
  uint8_t state;
  uint8_t head;
  uint8_t left;
  /* The items of a short ack that have come; 0: it is none. */
  uint8_t ack;
} hub_cbor_reader;

void hub_cbor_reader_begin(hub_cbor_reader *reader);
/* False once the bytes are none of a frame, or deeper than HUB_CBOR_DEPTH. */
bool hub_cbor_reader_take(hub_cbor_reader *reader, uint8_t byte, hub_cbor_emit emit, void *context);
/* One whole frame was read. */
bool hub_cbor_reader_is_whole(const hub_cbor_reader *reader);

/*
 * Makes CBOR of the JSON in `buffer`, in its place: readings in their short form as far as the layout has one. It takes room behind
 * the JSON meanwhile: three times as much as the JSON is always enough. Returns its length; 0: no JSON, or no room. A number becomes
 * the nearest double, as the hub reads it in JSON.
 */
size_t hub_cbor_of_json(const hub_cbor_layout *layout, char *buffer, size_t length, size_t size);
/* The same of the data of one reading: its values, as they stand in the short form. 0 also when it has another field. */
size_t hub_cbor_values(const hub_cbor_stream *stream, char *buffer, size_t length, size_t size);

/* For hub_config.cbor. `layout` NULL: readings have the names of their fields. */
typedef struct {
  hub_frame_format format;
  const hub_cbor_layout *layout;
  hub_cbor_reader reader;
} hub_cbor;

void hub_cbor_begin(hub_cbor *cbor, const hub_cbor_layout *layout);

#ifdef __cplusplus
}
#endif

#endif
