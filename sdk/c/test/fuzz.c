/*
 * Hostile input for each part, and what must hold whatever comes. `fuzz PART SEED COUNT` runs so many inputs; with clang,
 * -DHUB_LIBFUZZER -DHUB_FUZZ_PART=fuzz_core -fsanitize=fuzzer makes a fuzzer of one part.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hub_cbor.h"
#include "hub_core.h"
#include "hub_flash.h"
#include "hub_update.h"

#define CHECK(condition) \
  do { \
    if (!(condition)) { \
      fprintf(stderr, "%s:%d: %s does not hold\n", __FILE__, __LINE__, #condition); \
      abort(); \
    } \
  } while (0)

/* ---- the input, as decisions ------------------------------------------------------------------------------------- */

static const uint8_t *input;
static size_t input_left;

static uint8_t byte(void) {
  if (input_left == 0) return 0;
  input_left -= 1;
  return *input++;
}

static uint32_t below(uint32_t most) {
  const uint32_t value = (uint32_t)byte() << 8 | byte();
  return value % most;
}

/* ---- JSON in memory and JSON byte by byte ------------------------------------------------------------------------ */

static void ignore(void *context, const hub_walk *walk, hub_json_kind kind) {
  (void)context;
  (void)kind;
  CHECK(strlen(walk->text) <= HUB_WALK_TEXT && strlen(walk->name) <= HUB_WALK_NAME);
}

static void fuzz_json(void) {
  char *text = malloc(input_left + 1);
  char kept[40];
  char other[20];
  const size_t length = input_left;
  hub_reader reader;
  hub_walk walk;
  memcpy(text, input, length);
  hub_reader_begin(&reader, text, length);
  hub_read_skip(&reader);
  const bool whole = hub_reader_end(&reader);
  hub_walk_begin(&walk, ignore, NULL);
  hub_walk_keep(&walk, 0, "params", "a", kept, sizeof kept);
  hub_walk_keep(&walk, 1, "a", "b", other, sizeof other);
  bool walked = true;
  for (size_t index = 0; index < length && walked; index += 1) walked = hub_walk_take(&walk, text[index]);
  /* What the strict one takes, the one that sees no further than a byte takes too. */
  if (whole) CHECK(walked && hub_walk_is_whole(&walk));
  CHECK(walk.kept[0].length < sizeof kept && walk.kept[1].length < sizeof other);
  /* What the writer writes, the reader reads. */
  char out[700];
  char back[120];
  hub_writer writer;
  text[length < 100 ? length : 100] = '\0';
  hub_writer_begin(&writer, out, sizeof out);
  hub_write_string(&writer, text);
  const size_t written = hub_writer_end(&writer);
  if (written > 0 && strlen(text) < 30) {
    hub_reader_begin(&reader, out, written);
    CHECK(hub_read_string(&reader, back, sizeof back) && hub_reader_end(&reader));
  }
  free(text);
}

static void fuzz_number(void) {
  double value;
  double back;
  char out[40];
  hub_writer writer;
  hub_reader reader;
  uint8_t bytes[sizeof value];
  for (size_t index = 0; index < sizeof value; index += 1) bytes[index] = byte();
  memcpy(&value, bytes, sizeof value);
  hub_writer_begin(&writer, out, sizeof out);
  hub_write_number(&writer, value);
  const size_t length = hub_writer_end(&writer);
  if (!(length > 0 && length <= 23)) fprintf(stderr, "%.17g is %s\n", value, out);
  CHECK(length > 0 && length <= 23);
  if (value != value || value - value != 0) {
    CHECK(strcmp(out, "null") == 0);
    return;
  }
  hub_reader_begin(&reader, out, length);
  CHECK(hub_read_number(&reader, &back, NULL) && hub_reader_end(&reader));
  const double off = back > value ? back - value : value - back;
  const double size = value < 0 ? -value : value;
  /* The smallest numbers have few bits of their own. */
  if (size > 1e-290) CHECK(off <= size * 1e-13);
  hub_round(value);
}

/* ---- the store, with the power cut at any write ------------------------------------------------------------------ */

#define SECTOR 256u
#define SECTORS 4u

static uint8_t flash_bytes[SECTOR * SECTORS];
/* Bytes that are still written before the power is gone; what comes after does nothing. */
static uint32_t power;
static bool torn;

static bool flash_read(void *context, uint32_t address, void *bytes, size_t length) {
  (void)context;
  CHECK(address + length <= sizeof flash_bytes);
  memcpy(bytes, flash_bytes + address, length);
  return true;
}

static bool flash_program(void *context, uint32_t address, const void *bytes, size_t length) {
  (void)context;
  CHECK(address + length <= sizeof flash_bytes);
  for (size_t index = 0; index < length; index += 1) {
    if (power == 0) {
      /* The byte that was under way has some of its bits. */
      if (!torn) flash_bytes[address + index] &= (uint8_t)(((const uint8_t *)bytes)[index] | 0x55);
      torn = true;
      return false;
    }
    power -= 1;
    flash_bytes[address + index] &= ((const uint8_t *)bytes)[index];
  }
  return true;
}

static bool flash_erase(void *context, uint32_t sector) {
  (void)context;
  CHECK(sector < SECTORS);
  for (uint32_t index = 0; index < SECTOR; index += 1) {
    if (power == 0) return false;
    power -= index % 8 == 0 ? 1 : 0;
    flash_bytes[sector * SECTOR + index] = 0xFF;
  }
  return true;
}

static const hub_flash test_flash = {NULL, SECTOR, SECTORS, flash_read, flash_program, flash_erase, NULL};

#define KNOWN 600

typedef enum { NEVER, THERE, GONE, PERHAPS } presence;

static struct {
  uint8_t presence;
  uint8_t fill;
  uint8_t length;
} known[KNOWN];

static void check_store(const hub_store *store) {
  uint8_t record[SECTOR];
  uint32_t number = 0;
  uint32_t seen = 0;
  for (uint32_t at = store->next(store->context, 0); at != 0; at = store->next(store->context, at)) {
    CHECK(at > number && at < KNOWN);
    number = at;
    const size_t length = store->read(store->context, at, record, sizeof record);
    CHECK(known[at].presence == THERE || known[at].presence == PERHAPS);
    CHECK(length == known[at].length);
    for (size_t index = 0; index < length; index += 1) CHECK(record[index] == known[at].fill);
    known[at].presence = THERE;
    seen += 1;
  }
  for (uint32_t at = 0; at < KNOWN; at += 1) {
    if (known[at].presence == PERHAPS) known[at].presence = GONE;
    if (known[at].presence == THERE) seen -= 1;
  }
  /* None is missing. */
  CHECK(seen == 0);
}

static void fuzz_store(void) {
  hub_flash_ring ring;
  memset(known, 0, sizeof known);
  /* Sometimes a flash that had something else on it. */
  memset(flash_bytes, byte() % 4 == 0 ? byte() : 0xFF, sizeof flash_bytes);
  power = UINT32_MAX;
  torn = false;
  if (!hub_flash_open(&ring, &test_flash)) return;
  hub_store store = hub_flash_store(&ring);
  check_store(&store);
  while (input_left > 0) {
    const uint8_t action = byte();
    if (action % 16 == 0) {
      /* The power goes within the next bytes that are written. */
      power = below(64);
      torn = false;
    }
    if (action % 3 != 0) {
      uint8_t bytes[200];
      const size_t length = 1 + below(action % 32 == 1 ? 199 : 24);
      const uint8_t fill = byte();
      const uint32_t next_number = ring.next_number;
      memset(bytes, fill, sizeof bytes);
      if (next_number >= KNOWN) return;
      const size_t first = below((uint32_t)length + 1);
      const uint32_t number = store.append(store.context, bytes, first, bytes + first, length - first);
      if (number != 0 || torn) {
        CHECK(number == 0 || number == next_number);
        known[next_number].presence = number == 0 ? PERHAPS : THERE;
        known[next_number].fill = fill;
        known[next_number].length = (uint8_t)length;
      }
    } else {
      uint32_t number = store.next(store.context, 0);
      for (uint32_t skip = byte() % 4; skip > 0 && number != 0; skip -= 1) {
        const uint32_t further = store.next(store.context, number);
        if (further != 0) number = further;
      }
      if (number != 0) {
        store.drop(store.context, number);
        known[number].presence = power == 0 ? PERHAPS : GONE;
      }
    }
    if (power == 0) {
      /* On again. */
      power = UINT32_MAX;
      torn = false;
      CHECK(hub_flash_open(&ring, &test_flash));
      store = hub_flash_store(&ring);
      check_store(&store);
    }
  }
  check_store(&store);
}

static void fuzz_memory(void) {
  static const uint8_t slots = 4;
  hub_flash_ring ring;
  struct {
    uint8_t fill;
    uint8_t length;
    uint8_t old_fill;
    uint8_t old_length;
    bool unsure;
  } values[4] = {{0, 0, 0, 0, false}};
  memset(flash_bytes, 0xFF, sizeof flash_bytes);
  power = UINT32_MAX;
  torn = false;
  CHECK(hub_flash_open(&ring, &test_flash));
  hub_memory memory = hub_flash_memory(&ring);
  while (input_left > 0) {
    const uint8_t action = byte();
    const uint8_t slot = action % slots;
    uint8_t bytes[16];
    if (action > 240) power = below(64);
    const uint8_t length = byte() % 9;
    const uint8_t fill = byte();
    memset(bytes, fill, sizeof bytes);
    const bool saved = memory.save(memory.context, slot, bytes, length);
    /* Four values of 8 bytes, with their heads, fit into half a sector. */
    CHECK(saved || power == 0);
    values[slot].old_fill = values[slot].fill;
    values[slot].old_length = values[slot].length;
    values[slot].fill = fill;
    values[slot].length = length;
    values[slot].unsure = power == 0;
    if (power == 0) {
      power = UINT32_MAX;
      torn = false;
      CHECK(hub_flash_open(&ring, &test_flash));
      memory = hub_flash_memory(&ring);
    }
    for (uint8_t at = 0; at < slots; at += 1) {
      const size_t got = memory.load(memory.context, at, bytes, sizeof bytes);
      const bool is_new = got == values[at].length && (got == 0 || bytes[0] == values[at].fill);
      const bool is_old = got == values[at].old_length && (got == 0 || bytes[0] == values[at].old_fill);
      if (!(is_new || (values[at].unsure && is_old)))
        fprintf(stderr, "slot %d has %zu of %d, not %d of %d, before %d of %d; head %u\n", at, got, bytes[0], values[at].length, values[at].fill,
                values[at].old_length, values[at].old_fill, (unsigned)ring.head);
      CHECK(is_new || (values[at].unsure && is_old));
      if (values[at].unsure && !is_new) {
        values[at].fill = values[at].old_fill;
        values[at].length = values[at].old_length;
      }
      values[at].unsure = false;
      for (size_t index = 1; index < got; index += 1) CHECK(bytes[index] == bytes[0]);
    }
  }
}

/* ---- the core, with a hub that sends anything at any time --------------------------------------------------------- */

static uint32_t seeded(void *context) {
  uint32_t *state = context;
  *state = *state * 1664525u + 1013904223u;
  return *state ^ *state >> 15;
}

static void on_command(void *context, hub *core, const hub_command *command, hub_outcome *outcome) {
  (void)context;
  (void)core;
  CHECK(command->state == HUB_COMMAND_BEGUN && strlen(command->id) <= HUB_COMMAND_ID && strlen(command->name) <= HUB_COMMAND_ID);
  outcome->status = command->length % 2 == 0 ? HUB_SUCCEEDED : HUB_RUNNING;
}

static void on_refused(void *context, const char *code, const char *path, const char *rule) {
  (void)context;
  CHECK(strlen(code) < 20 && strlen(path) < 40 && strlen(rule) < 20);
}

static void on_notice(void *context, const char *topic, const char *data, size_t length) {
  (void)context;
  CHECK(strlen(topic) <= HUB_COMMAND_ID && strlen(data) == length);
}

static void on_desired(void *context, hub *core, const char *state, size_t length) {
  (void)context;
  CHECK(strlen(state) == length);
  hub_reported(core, "{\"a\":1}", length % 2 == 0 ? "no" : NULL);
}

static hub_update update;

static void on_update(void *context, const hub_offer *offer) {
  (void)context;
  if (offer == NULL) return;
  CHECK(offer->id[0] != '\0' && strlen(offer->url) <= HUB_WALK_TEXT && strlen(offer->version) <= HUB_UPDATE_VERSION);
  hub_update_say(&update, HUB_UPDATE_DOWNLOADING, (int)offer->size % 100, offer->size % 2 == 0 ? offer->url : NULL);
}

static const char *const texts[] = {
    "{\"type\":\"welcome\",\"epoch\":1,\"t1\":5,\"now\":1700000000000,\"heartbeatSec\":1,\"graceSec\":0.5,\"ackDelayMs\":1,\"backoffMaxMs\":250,"
    "\"limits\":{\"frameBytes\":65536,\"samples\":500,\"inFlight\":3,\"messagesPerSec\":2,\"burst\":4},"
    "\"desired\":{\"rev\":3,\"state\":{\"a\":1}}}",
    "{\"type\":\"ack\",\"upTo\":1}",
    "{\"type\":\"ack\",\"upTo\":3}",
    "{\"type\":\"ack\",\"re\":\"c-1\"}",
    "{\"type\":\"nack\",\"seq\":1,\"code\":\"schema\",\"retry\":false,\"errors\":[{\"path\":\"/a\",\"keyword\":\"type\",\"expected\":\"x\",\"got\":\"y\"}]}",
    "{\"type\":\"nack\",\"seq\":2,\"code\":\"rate\",\"retry\":true,\"retryAfterMs\":10}",
    "{\"type\":\"nack\",\"re\":\"c-1\",\"code\":\"schema\",\"retry\":true}",
    "{\"type\":\"heartbeat\",\"t1\":5,\"t2\":1700000000000,\"t3\":1700000000000}",
    "{\"type\":\"command\",\"id\":\"c-1\",\"name\":\"go\",\"params\":{\"a\":[1,{\"b\":2}]},\"deadline\":1800000000000,\"ttlMs\":1000,\"safety\":\"observe\"}",
    "{\"type\":\"command\",\"id\":\"c-2\",\"name\":\"go\",\"params\":{},\"deadline\":1800000000000,\"ttlMs\":1000,\"safety\":\"observe\"}",
    "{\"type\":\"cancel\",\"re\":\"c-2\"}",
    "{\"type\":\"recall\",\"ids\":[\"c-1\",\"c-9\",\"c-8\",\"c-7\"]}",
    "{\"type\":\"credential\",\"id\":\"k\",\"secret\":\"abcdefghijklmnopqrstuvwxyz\"}",
    "{\"type\":\"drain\",\"reconnectAfterMs\":20,\"reason\":\"x\"}",
    "{\"type\":\"desired\",\"rev\":4,\"state\":{\"a\":{\"b\":[1,2]}}}",
    "{\"type\":\"ack\",\"re\":\"_r1\"}",
    "{\"type\":\"update\",\"id\":\"u-1\",\"version\":\"2.0.0\",\"url\":\"/v1/artifacts/a\",\"sha256\":\"a\",\"size\":1,\"signature\":\"b\"}",
    "{\"type\":\"update\",\"id\":\"u-1\",\"cancelled\":true}",
    "{\"type\":\"ack\",\"re\":\"u-1\"}",
    "{\"type\":\"notice\",\"topic\":\"t\",\"data\":{\"a\":\"b\"}}",
    "\x03\xf4{\"code\":\"draining\",\"retryAfterMs\":20}",
    "\x03\xe8",
    "\x11\x30{}",
    "HTTP/1.1 503 Busy\r\nRetry-After: 1\r\n\r\n{\"error\":{\"code\":\"too-many-connects\"}}",
};
#define TEXTS (sizeof texts / sizeof *texts)

/* Any bytes are a frame or none, and what is read of one is JSON; JSON as CBOR and back is the same JSON. */
static bool collect(void *context, char character) {
  hub_write_bytes((hub_writer *)context, &character, 1);
  return true;
}

static size_t json_of(const char *bytes, size_t length, char *json, size_t size) {
  hub_cbor_reader reader;
  hub_writer writer;
  hub_writer_begin(&writer, json, size);
  hub_cbor_reader_begin(&reader);
  for (size_t index = 0; index < length; index += 1) {
    if (!hub_cbor_reader_take(&reader, (uint8_t)bytes[index], collect, &writer)) return 0;
  }
  return hub_cbor_reader_is_whole(&reader) ? hub_writer_end(&writer) : 0;
}

static const char *const fuzz_words[] = {"on", "off"};
static const hub_cbor_field fuzz_fields[] = {{"temperature", 1, 2, 0, NULL}, {"mode", 1, 0, 2, fuzz_words}, {"step", 25, 1, 0, NULL}};
static const hub_cbor_stream fuzz_streams[] = {{"env", fuzz_fields, 3}};
static const hub_cbor_layout fuzz_layout = {"3-0123456789abcdef", fuzz_streams, 1};

static const char *const cbor_texts[] = {
    "{\"type\":\"ack\",\"upTo\":1}",
    "{\"a\":[],\"b\":{},\"c\":[1,-1,24,256,65536,4294967296,-9007199254740991,0.5,-0.1,1.5e-7],\"d\":[true,false,null]}",
    "{\"text\":\"quote \\\" back \\\\ line \\n \\u0001 \\u00e9 \\ud83d\\ude00\",\"\":{\"\":[{}]}}",
    "{\"type\":\"telemetry\",\"seq\":7,\"up\":5000,\"stream\":\"env\",\"data\":{\"temperature\":21.57,\"mode\":\"off\",\"step\":2.5}}",
    "{\"type\":\"telemetry\",\"seq\":7,\"up\":5,\"boot\":\"b-1\",\"backfill\":true,\"stream\":\"env\",\"data\":{\"step\":1e300}}",
    "{\"type\":\"telemetry\",\"seq\":7,\"ts\":5,\"stream\":\"env\",\"data\":{\"other\":1}}",
};
#define CBOR_TEXTS (sizeof cbor_texts / sizeof *cbor_texts)

/* As many levels as the reader has are read, and one more is none of a frame, whatever comes behind. */
static void fuzz_depth(void) {
  char cbor[3 * 2 * HUB_CBOR_DEPTH + 1];
  char json[16 * HUB_CBOR_DEPTH];
  const uint32_t levels = 1 + below(2 * HUB_CBOR_DEPTH);
  size_t size = 0;
  for (uint32_t level = 0; level < levels; level += 1) {
    const bool is_map = level == 0 || byte() % 2 == 0;
    memcpy(cbor + size, is_map ? "\xa1\x61\x61" : "\x81", is_map ? 3 : 1);
    size += is_map ? 3 : 1;
  }
  cbor[size] = 1;
  CHECK((json_of(cbor, size + 1, json, sizeof json) > 0) == (levels <= HUB_CBOR_DEPTH));
}

static void fuzz_cbor(void) {
  if (byte() % 16 == 0) fuzz_depth();
  char cbor[1600];
  char json[8000];
  char again[8000];
  const char *text = cbor_texts[below(CBOR_TEXTS)];
  size_t length = strlen(text);
  const bool is_spoilt = byte() % 4 == 0;
  memcpy(cbor, text, length);
  if (is_spoilt) cbor[below((uint32_t)length)] = (char)byte();
  const hub_cbor_layout *layout = byte() % 2 == 0 ? &fuzz_layout : NULL;
  size_t size = hub_cbor_of_json(layout, cbor, length, byte() % 8 == 0 ? length + below(200) : sizeof cbor);
  if (!is_spoilt && layout == NULL && size > 0) {
    /* To JSON, to CBOR, to JSON. */
    const size_t first = json_of(cbor, size, json, sizeof json);
    CHECK(first > 0 && first * 4 < sizeof again);
    memcpy(again, json, first);
    const size_t second = hub_cbor_of_json(NULL, again, first, sizeof again);
    CHECK(second == size && memcmp(again, cbor, size) == 0);
  }
  /* Some places of it are something else; or all of it is. */
  for (uint32_t changes = below(4); changes > 0 && size > 0; changes -= 1) cbor[below((uint32_t)size)] = (char)byte();
  if (byte() % 4 == 0) {
    size = below(200);
    for (size_t index = 0; index < size; index += 1) cbor[index] = (char)byte();
  }
  const size_t read = json_of(cbor, size, json, sizeof json);
  if (read == 0) return;
  hub_reader reader;
  hub_reader_begin(&reader, json, read);
  CHECK(hub_read_kind(&reader) == HUB_JSON_OBJECT && hub_read_skip(&reader) && hub_reader_end(&reader));
}

/* The core that is tried speaks CBOR. */
static bool is_binary;

/* What the device sent must be frames, whole and masked, of JSON objects. */
static void check_output(const uint8_t *bytes, size_t length, bool upgraded) {
  if (!upgraded) return;
  for (size_t at = 0; at < length;) {
    CHECK(length - at >= 6);
    const uint8_t opcode = bytes[at] & 15;
    size_t size = bytes[at + 1] & 127;
    size_t head = 2;
    if ((bytes[at] & 0xF0) != 0x80) fprintf(stderr, "%zu of %zu: %.*s\n", at, length, (int)length, (const char *)bytes);
    CHECK((bytes[at] & 0xF0) == 0x80 && (bytes[at + 1] & 0x80) != 0 && size != 127);
    if (size == 126) {
      size = (size_t)bytes[at + 2] << 8 | bytes[at + 3];
      head = 4;
    }
    CHECK(at + head + 4 + size <= length);
    char text[2048];
    for (size_t index = 0; index < size; index += 1)
      text[index] = (char)(bytes[at + head + 4 + index] ^ bytes[at + head + index % 4]);
    if (opcode == (is_binary ? HUB_WS_BINARY : HUB_WS_TEXT)) {
      hub_reader reader;
      char json[4000];
      /* Short forms are arrays; of the others, the names are read again. */
      if (is_binary && ((uint8_t)text[0] == 0x85 || (uint8_t)text[0] == 0x86)) {
        at += head + 4 + size;
        continue;
      }
      if (is_binary) hub_reader_begin(&reader, json, json_of(text, size, json, sizeof json));
      else hub_reader_begin(&reader, text, size);
      CHECK(hub_read_kind(&reader) == HUB_JSON_OBJECT && hub_read_skip(&reader) && hub_reader_end(&reader));
    } else {
      CHECK(opcode >= 8 && size <= 125);
    }
    at += head + 4 + size;
  }
}

static size_t frame_of(uint8_t *to, size_t size) {
  uint8_t payload[512];
  size_t length;
  const uint32_t which = below(TEXTS + 2);
  if (which < TEXTS) {
    length = strlen(texts[which]);
    memcpy(payload, texts[which], length);
    /* One place of it is something else. */
    if (byte() % 4 == 0 && length > 0) payload[below((uint32_t)length)] = byte();
    if (byte() % 16 == 0) length = below((uint32_t)length + 1);
    if (is_binary && which < 17) {
      /* As the hub writes it. */
      char cbor[2048];
      memcpy(cbor, payload, length);
      const size_t written = hub_cbor_of_json(NULL, cbor, length, sizeof cbor);
      if (written > 0 && written <= sizeof payload) {
        length = written;
        memcpy(payload, cbor, length);
        if (byte() % 8 == 0) payload[below((uint32_t)length)] = byte();
      }
    }
  } else {
    length = below(200);
    for (size_t index = 0; index < length; index += 1) payload[index] = byte();
  }
  if (which == TEXTS - 1 || size < length + 4) {
    if (length > size) length = size;
    memcpy(to, payload, length);
    return length;
  }
  const bool control = which >= 17 && which <= 19;
  uint8_t first = control ? 0x88 : byte() % 16 == 0 ? byte() : is_binary ? 0x82 : 0x81;
  if (byte() % 32 == 0) first = 0x89;
  size_t at = 0;
  to[at++] = first;
  if (length < 126) {
    to[at++] = (uint8_t)length;
  } else {
    to[at++] = 126;
    to[at++] = (uint8_t)(length >> 8);
    to[at++] = (uint8_t)length;
  }
  memcpy(to + at, payload, length);
  return at + length;
}

static void fuzz_core(void) {
  static hub core;
  static hub_command commands[2];
  static uint8_t flash[SECTOR * SECTORS * 4];
  static uint8_t value_flash[2048];
  hub_flight flights[4];
  hub_refused_id refused[4];
  char desired[24];
  uint8_t output[3 * (HUB_OUTPUT_MIN + 2 * 67 + 40)];
  hub_cbor cbor;
  uint32_t random = below(65535) + 1;
  uint64_t up = 1000;
  hub_ram ram;
  hub_ram values;
  hub_flash_ring ring;
  hub_flash_ring value_ring;
  hub_ram_begin(&ram, flash, SECTOR * 4, SECTORS);
  hub_ram_begin(&values, value_flash, 1024, 2);
  hub_flash_open(&ring, &ram.flash);
  hub_flash_open(&value_ring, &values.flash);
  const hub_store store = hub_flash_store(&ring);
  const hub_memory memory = hub_flash_memory(&value_ring);
  hub_config config = {0};
  config.host = "h";
  config.id = "d-1";
  config.secret = "s";
  config.type = "t@1";
  config.context = &random;
  config.random = seeded;
  config.store = &store;
  config.memory = &memory;
  config.drops_oldest = byte() % 2 == 0;
  config.output = output;
  is_binary = byte() % 3 == 0;
  hub_cbor_begin(&cbor, byte() % 2 == 0 ? &fuzz_layout : NULL);
  config.cbor = is_binary ? &cbor.format : NULL;
  config.output_size = is_binary ? sizeof output : sizeof output / 3;
  config.flights = flights;
  config.flight_count = 4;
  config.commands = commands;
  config.command_count = 2;
  config.refused = refused;
  config.refused_count = 4;
  config.on_command = on_command;
  config.on_refused = on_refused;
  config.on_notice = on_notice;
  config.desired = desired;
  config.desired_size = sizeof desired;
  config.on_desired = on_desired;
  hub_update_begin(&update, on_update, NULL);
  config.part = &update.part;
  CHECK(hub_begin(&core, &config, up));
  bool linked = false;
  bool upgraded = false;
  uint8_t pending[600];
  size_t pending_length = 0;
  while (input_left > 0) {
    const uint8_t action = byte();
    up += action % 8 == 0 ? below(3000) : action % 4;
    if (action % 16 == 1) hub_measure(&core, up, "env", "{\"a\":1}");
    if (action % 64 == 2) hub_report(&core, up, "leak", HUB_CRITICAL, NULL);
    if (action % 64 == 3) hub_answer(&core, "c-1", HUB_SUCCEEDED, "{\"b\":2}", NULL);
    if (action % 64 == 4) hub_progress(&core, "c-1", 50, "half");
    if (action == 5) hub_bye(&core, 60);
    if (action == 6) hub_wake(&core);
    const uint32_t wait = hub_step(&core, up);
    CHECK(wait <= 60000);
    if (!hub_wants_link(&core)) {
      if (linked) hub_closed(&core, up);
      linked = false;
      pending_length = 0;
      up += wait / 4;
      continue;
    }
    if (!linked) {
      if (action % 32 == 7) {
        hub_closed(&core, up);
        continue;
      }
      hub_opened(&core, up);
      linked = true;
      upgraded = false;
      pending_length = 0;
      size_t length;
      const uint8_t *request = hub_output(&core, &length);
      CHECK(length > 100 && memcmp(request, "GET /v1/device HTTP/1.1\r\n", 25) == 0);
      if (action % 8 != 0) {
        /* Most hubs say yes, with the right key. */
        char answer[160];
        const int size = snprintf(answer, sizeof answer, "HTTP/1.1 101 S\r\nSec-WebSocket-Accept: %s\r\n\r\n", core.link.answer.accept);
        hub_sent(&core, length);
        CHECK(hub_take(&core, up, (const uint8_t *)answer, (size_t)size) == (size_t)size);
        upgraded = true;
        const uint8_t *hello = hub_output(&core, &length);
        check_output(hello, length, upgraded);
      }
      continue;
    }
    if (action % 32 == 8) {
      hub_closed(&core, up);
      linked = false;
      continue;
    }
    size_t length;
    const uint8_t *bytes = hub_output(&core, &length);
    CHECK(length <= sizeof output);
    if (action % 4 != 0) {
      check_output(bytes, length, upgraded);
      hub_sent(&core, length);
    }
    if (pending_length == 0) pending_length = frame_of(pending, sizeof pending);
    const size_t given = action % 5 == 0 ? below((uint32_t)pending_length + 1) : pending_length;
    const size_t taken = hub_take(&core, up, pending, given);
    CHECK(taken <= given);
    memmove(pending, pending + taken, pending_length - taken);
    pending_length -= taken;
  }
  /* Each reading is somewhere: stored, refused, said to be lost, or still there. */
  uint32_t left = 0;
  for (uint32_t number = store.next(store.context, 0); number != 0; number = store.next(store.context, number)) left += 1;
  const hub_counters *counts = hub_counts(&core);
  CHECK(counts->measured <= counts->settled + counts->refused + counts->lost + left);
}

/* ---- runs -------------------------------------------------------------------------------------------------------- */

static const struct {
  const char *name;
  void (*run)(void);
  size_t longest;
} parts[] = {
    {"json", fuzz_json, 200},   {"number", fuzz_number, 8}, {"cbor", fuzz_cbor, 240},
    {"store", fuzz_store, 400}, {"memory", fuzz_memory, 300}, {"core", fuzz_core, 600},
};

#ifdef HUB_LIBFUZZER
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
  input = bytes;
  input_left = length;
  HUB_FUZZ_PART();
  return 0;
}
#endif

static uint64_t next_random(uint64_t *state) {
  /* splitmix64 */
  uint64_t value = *state += UINT64_C(0x9E3779B97F4A7C15);
  value = (value ^ value >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
  value = (value ^ value >> 27) * UINT64_C(0x94D049BB133111EB);
  return value ^ value >> 31;
}

/* JSON is rare among random bytes: most inputs are made of its parts. */
static size_t make_input(uint8_t *bytes, size_t longest, bool json, uint64_t *state) {
  static const char alphabet[] = "{}[]\",:\\0123456789.eE+-truefalsn /bu\t";
  const size_t length = next_random(state) % (longest + 1);
  for (size_t index = 0; index < length; index += 1) {
    const uint64_t value = next_random(state);
    bytes[index] = json && value % 16 != 0 ? (uint8_t)alphabet[(value >> 8) % (sizeof alphabet - 1)] : (uint8_t)(value >> 40);
  }
  return length;
}

#ifndef HUB_LIBFUZZER
int main(int argc, char **argv) {
  static uint8_t bytes[1024];
  const char *part = argc > 1 ? argv[1] : "core";
  const uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
  const uint64_t count = argc > 3 ? strtoull(argv[3], NULL, 10) : 1000;
  const bool only_last = argc > 4;
  for (size_t index = 0; index < sizeof parts / sizeof *parts; index += 1) {
    if (strcmp(parts[index].name, part) != 0) continue;
    for (uint64_t run = only_last ? count - 1 : 0; run < count; run += 1) {
      uint64_t state = seed * 1000003 + run;
      const size_t length = make_input(bytes, parts[index].longest, index == 0 && run % 4 != 0, &state);
      /* The last that is said before an end is the input of it: the same command with a fifth argument repeats it alone. */
      if (run % 100000 == 0) fprintf(stderr, "%s %llu %llu\n", part, (unsigned long long)seed, (unsigned long long)run);
      input = bytes;
      input_left = length;
      parts[index].run();
    }
    printf("%s: %llu inputs\n", part, (unsigned long long)count);
    return 0;
  }
  fprintf(stderr, "no part %s\n", part);
  return 2;
}
#endif
