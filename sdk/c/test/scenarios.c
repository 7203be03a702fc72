/* What a hub may do to a device, step by step, and what must come of it. Ends with 0 when all of it does. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hub_core.h"
#include "hub_flash.h"

#define CHECK(condition) \
  do { \
    if (!(condition)) { \
      fprintf(stderr, "%s:%d: %s does not hold\n", __FILE__, __LINE__, #condition); \
      exit(1); \
    } \
  } while (0)

static hub core;
static hub_ram ram;
static hub_flash_ring ring;
static hub_store store;
static hub_command commands[2];
static hub_flight flights[4];
static hub_refused_id refused[600];
static uint8_t flash[4 * 1024];
static uint8_t output[HUB_OUTPUT_MIN + 2 * 67];

/* A memory that keeps everything, and has nothing from before. */
static bool saves = true;

static bool save(void *context, uint8_t slot, const void *bytes, size_t length) {
  (void)context;
  (void)slot;
  (void)bytes;
  (void)length;
  return saves;
}

static size_t load(void *context, uint8_t slot, void *bytes, size_t size) {
  (void)context;
  (void)slot;
  (void)bytes;
  (void)size;
  return 0;
}

static const hub_memory memory = {NULL, save, load};

static uint32_t random32(void *context) {
  static uint32_t state = 1;
  (void)context;
  state = state * 1664525u + 1013904223u;
  return state;
}

static void begin(bool drops_oldest) {
  hub_config config = {0};
  hub_ram_begin(&ram, flash, 1024, 4);
  CHECK(hub_flash_open(&ring, &ram.flash));
  store = hub_flash_store(&ring);
  config.host = "h";
  config.id = "d-1";
  config.secret = "s";
  config.type = "t@1";
  config.random = random32;
  config.store = &store;
  config.memory = &memory;
  config.drops_oldest = drops_oldest;
  config.output = output;
  config.output_size = sizeof output;
  config.flights = flights;
  config.flight_count = 4;
  config.commands = commands;
  config.command_count = 2;
  config.refused = refused;
  config.refused_count = 600;
  CHECK(hub_begin(&core, &config, 0));
  hub_step(&core, 0);
  CHECK(hub_wants_link(&core));
  hub_opened(&core, 0);
}

static void take(const char *bytes, size_t length) {
  CHECK(hub_take(&core, 1, (const uint8_t *)bytes, length) == length);
}

static void take_text(const char *text) {
  take(text, strlen(text));
}

/* Sends all there is; how many texts like this were in it. */
static int drained(const char *wanted) {
  size_t length;
  int found = 0;
  const uint8_t *bytes = hub_output(&core, &length);
  for (size_t at = 0; at + 6 <= length;) {
    size_t size = bytes[at + 1] & 127;
    const size_t head = size == 126 ? 8 : 6;
    char text[1024];
    if (size == 126) size = (size_t)bytes[at + 2] << 8 | bytes[at + 3];
    CHECK(at + head + size <= length && size < sizeof text);
    for (size_t index = 0; index < size; index += 1) text[index] = (char)(bytes[at + head + index] ^ bytes[at + head - 4 + index % 4]);
    text[size] = '\0';
    if (strstr(text, wanted) != NULL) found += 1;
    at += head + size;
  }
  hub_sent(&core, length);
  return found;
}

static void upgrade(void) {
  char answer[160];
  size_t length;
  hub_output(&core, &length);
  hub_sent(&core, length);
  snprintf(answer, sizeof answer, "HTTP/1.1 101 S\r\nsec-websocket-accept:  %s\r\n\r\n", core.link.answer.accept);
  take_text(answer);
  CHECK(drained("\"type\":\"hello\"") == 1);
}

static size_t frame(uint8_t *to, const char *text) {
  const size_t length = strlen(text);
  to[0] = 0x81;
  to[1] = 126;
  to[2] = (uint8_t)(length >> 8);
  to[3] = (uint8_t)length;
  memcpy(to + 4, text, length);
  return length + 4;
}

static void take_frame(const char *text) {
  uint8_t bytes[512];
  take((const char *)bytes, frame(bytes, text));
}

static void welcome(void) {
  take_frame(
      "{\"type\":\"welcome\",\"epoch\":1,\"t1\":0,\"now\":1700000000000,\"heartbeatSec\":30,\"graceSec\":15,"
      "\"ackDelayMs\":1,\"backoffMaxMs\":250,\"limits\":{\"frameBytes\":65536,\"samples\":500,\"inFlight\":64,"
      "\"messagesPerSec\":100}}");
  CHECK(hub_is_open(&core) && hub_time(&core, 5) == 1700000000005);
}

static void open_session(void) {
  upgrade();
  welcome();
}

/* Readings follow the hello as soon as there is room, and none is sent twice for it. */
static void early_readings(void) {
  begin(true);
  for (int index = 0; index < 6; index += 1) CHECK(hub_measure(&core, 1, "env", "{\"temperature\":21.5}"));
  upgrade();
  hub_step(&core, 2);
  /* As many as may be under way. */
  CHECK(drained("\"type\":\"telemetry\"") == 4);
  take_frame("{\"type\":\"nack\",\"seq\":4,\"code\":\"not-open\",\"retry\":true,\"retryAfterMs\":100}");
  welcome();
  hub_step(&core, 3);
  CHECK(drained("telemetry") == 0);
  take_frame("{\"type\":\"ack\",\"upTo\":4}");
  hub_step(&core, 200);
  CHECK(drained("\"seq\":5") == 1);
  hub_step(&core, 201);
  drained("");
  take_frame("{\"type\":\"ack\",\"upTo\":7}");
  CHECK(hub_counts(&core)->settled == 6 && hub_counts(&core)->sent == 7 && store.next(store.context, 0) == 0);
}

/* A goodbye that only makes room for a new secret is not the one that the firmware waits for. */
static void goodbye_beside_a_new_secret(void) {
  begin(true);
  open_session();
  take_frame("{\"type\":\"credential\",\"id\":\"k\",\"secret\":\"abcdefghijklmnopqrstuvwxyz\"}");
  CHECK(hub_measure(&core, 1, "env", "{\"temperature\":21.5}"));
  hub_bye(&core, 60);
  hub_step(&core, 2);
  CHECK(drained("sleepSec") == 0);
  take("\x88\x02\x03\xe8", 4);
  CHECK(!hub_is_done(&core));
}

/* A secret that would be forgotten with the power is not used. */
static void a_secret_that_cannot_be_kept(void) {
  begin(true);
  open_session();
  saves = false;
  take_frame("{\"type\":\"credential\",\"id\":\"k\",\"secret\":\"abcdefghijklmnopqrstuvwxyz\"}");
  hub_step(&core, 2);
  CHECK(drained("\"bye\"") == 0);
  saves = true;
}

/* 500 ids of 64 characters, and a device with less than a kilobyte for its answers. */
static void a_long_recall(void) {
  static char text[40000];
  static uint8_t bytes[40010];
  size_t at = (size_t)sprintf(text, "{\"ids\":[");
  for (int index = 0; index < 500; index += 1) at += (size_t)sprintf(text + at, "%s\"%064d\"", index == 0 ? "" : ",", index);
  sprintf(text + at, "],\"type\":\"recall\"}");
  begin(true);
  open_session();
  const size_t length = frame(bytes, text);
  int answers = 0;
  for (size_t given = 0; given < length;) {
    given += hub_take(&core, 1, bytes + given, length - given);
    answers += drained("\"status\":\"unknown\"");
  }
  CHECK(answers == 500);
}

/* Nothing but a right answer to the upgrade opens a session, and the next try is later. */
static void wrong_answers(void) {
  static const char *const answers[] = {
      "HTTP/1.1 101 S\r\nSec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\r\n",
      "HTTP/1.1 101 S\r\n\r\n",
      "HTTP/1.1 302 Found\r\nLocation: wss://elsewhere/\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
      "SSH-2.0-OpenSSH\r\n",
      "\r\n\r\n",
      "HTTP/1.1 99999\r\n\r\n",
  };
  for (size_t index = 0; index < sizeof answers / sizeof *answers; index += 1) {
    begin(true);
    size_t length;
    hub_output(&core, &length);
    hub_sent(&core, length);
    hub_take(&core, 1, (const uint8_t *)answers[index], strlen(answers[index]));
    hub_closed(&core, 1);
    CHECK(!hub_is_open(&core) && !hub_wants_link(&core));
    hub_output(&core, &length);
    CHECK(length == 0);
  }
}

/* A hub that says nothing is left alone after ten seconds, wherever it falls silent. */
static void silence(void) {
  for (int stage = 0; stage < 3; stage += 1) {
    begin(true);
    if (stage == 1) upgrade();
    if (stage == 2) open_session();
    hub_step(&core, stage == 2 ? 44000 : 9000);
    CHECK(hub_wants_link(&core));
    hub_step(&core, stage == 2 ? 46100 : 10100);
    hub_step(&core, stage == 2 ? 47200 : 11200);
    CHECK(!hub_wants_link(&core));
  }
}

static void a_full_store(void) {
  const hub_counters *counts = hub_counts(&core);
  begin(false);
  uint32_t taken = 0;
  while (hub_measure(&core, 1, "env", "{\"temperature\":21.5}")) taken += 1;
  CHECK(taken > 20 && counts->lost == 1 && counts->measured == taken + 1);
  begin(true);
  for (uint32_t index = 0; index < 3 * taken; index += 1) CHECK(hub_measure(&core, index, "env", "{\"temperature\":21.5}"));
  uint32_t there = 0;
  for (uint32_t number = store.next(store.context, 0); number != 0; number = store.next(store.context, number)) there += 1;
  CHECK(counts->lost + there == 3 * taken);
  /* One that never fits is said to be lost at once. */
  static char data[900];
  memset(data, '1', sizeof data - 1);
  CHECK(!hub_measure(&core, 1, "env", data) && counts->lost + there == 3 * taken + 1);
}

int main(void) {
  early_readings();
  goodbye_beside_a_new_secret();
  a_secret_that_cannot_be_kept();
  a_long_recall();
  wrong_answers();
  silence();
  a_full_store();
  puts("all hold");
  return 0;
}
