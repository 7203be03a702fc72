/* What a hub may do to a device, step by step, and what must come of it. Ends with 0 when all of it does. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hub_core.h"
#include "hub_flash.h"
#include "hub_update.h"

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
static hub_update update;

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

/* What the device was told to run last, and how often it was told something. */
static char version[HUB_UPDATE_VERSION + 1];
static int told;

static void on_update(void *context, const hub_offer *offer) {
  CHECK(context == &update);
  told += 1;
  snprintf(version, sizeof version, "%s", offer == NULL ? "none" : offer->version);
}

/* How often a command ran, and whether it goes on afterwards. */
static int runs;
static bool goes_on;

static void on_command(void *context, hub *device, const hub_command *command, hub_outcome *outcome) {
  (void)context;
  (void)device;
  (void)command;
  runs += 1;
  outcome->status = goes_on ? HUB_RUNNING : HUB_SUCCEEDED;
}

/* A memory that outlives what a test calls a reboot. */
static uint8_t kept_flash[4 * 1024];
static hub_ram kept_ram;
static hub_flash_ring kept_ring;
static hub_memory kept_memory;
static const hub_memory *used_memory = &memory;

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
  config.memory = used_memory;
  config.on_command = on_command;
  config.drops_oldest = drops_oldest;
  config.output = output;
  config.output_size = sizeof output;
  config.flights = flights;
  config.flight_count = 4;
  config.commands = commands;
  config.command_count = 2;
  config.refused = refused;
  config.refused_count = 600;
  hub_update_begin(&update, on_update, &update);
  config.part = &update.part;
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

/* The hub makes one of two readings that have one stream and one time. */
static void readings_of_one_moment(void) {
  begin(true);
  CHECK(hub_measure(&core, 1, "env", "{\"n\":1}") && hub_measure(&core, 1, "env", "{\"n\":2}"));
  CHECK(hub_measure(&core, 1, "env", "{\"n\":3}") && hub_measure(&core, 2, "env", "{\"n\":4}"));
  upgrade();
  hub_step(&core, 2);
  static hub before;
  static const char *const times[] = {"\"up\":1,", "\"up\":1.001,", "\"up\":1.002,", "\"up\":2,"};
  before = core;
  for (int index = 0; index < 4; index += 1) {
    core = before;
    CHECK(drained(times[index]) == 1);
  }
}

/* What ended the last link, and only that. */
static void reasons(void) {
  begin(true);
  open_session();
  take("\x88\x02\x11\x39", 4);
  CHECK(hub_ended_by(&core) == 4409);
  hub_closed(&core, 2);
  hub_step(&core, 3600000);
  CHECK(hub_wants_link(&core) && hub_ended_by(&core) == 0);
  hub_opened(&core, 3600000);
  take_text("HTTP/1.1 401 No\r\n\r\n");
  CHECK(hub_ended_by(&core) == 401);
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

/* A line of the log is numbered with the readings, and sent in a session only. */
static void log_lines(void) {
  begin(true);
  CHECK(!hub_log(&core, 1, HUB_LOG_INFO, "too early", NULL));
  open_session();
  hub_step(&core, 2);
  CHECK(hub_log(&core, 2, HUB_LOG_WARNING, "a \"line\"", "boot"));
  CHECK(hub_measure(&core, 2, "env", "{\"temperature\":21.5}"));
  hub_step(&core, 3);
  CHECK(drained("\"seq\":2,\"up\":2,\"stream\"") == 1);
  CHECK(hub_log(&core, 3, HUB_LOG_ERROR, "another", NULL));
  CHECK(drained("{\"type\":\"log\",\"seq\":3,\"up\":3,\"level\":\"error\",\"msg\":\"another\"}") == 1);
  take_frame("{\"type\":\"ack\",\"upTo\":3}");
  CHECK(hub_counts(&core)->settled == 1);
}

#define SHA "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define OFFER(id, version) "\"id\":\"" id "\",\"version\":\"" version "\",\"url\":\"/v1/artifacts/" SHA "\",\"sha256\":\"" SHA "\",\"size\":4096"

static void welcome_with(const char *offer) {
  char text[512];
  snprintf(text, sizeof text,
           "{\"type\":\"welcome\",\"epoch\":1,\"t1\":0,\"now\":1700000000000,\"heartbeatSec\":30,\"graceSec\":15,\"ackDelayMs\":1,"
           "\"backoffMaxMs\":250,\"limits\":{\"inFlight\":64,\"messagesPerSec\":100}%s}", offer);
  take_frame(text);
}

static void another_session(const char *offer) {
  hub_closed(&core, 4);
  hub_step(&core, 2000);
  hub_opened(&core, 2000);
  upgrade();
  welcome_with(offer);
  hub_step(&core, 2001);
}

/* The firmware of the newest offer is wanted, whichever way it comes; an offer that is not there any more is withdrawn. */
static void offers(void) {
  begin(true);
  told = 0;
  upgrade();
  welcome_with(",\"update\":{" OFFER("u-1", "1.1.0") "}");
  CHECK(told == 1 && strcmp(version, "1.1.0") == 0 && update.wanted.size == 4096);
  CHECK(strcmp(update.wanted.url, "/v1/artifacts/" SHA) == 0 && strcmp(update.wanted.sha256, SHA) == 0 && update.wanted.signature[0] == '\0');
  take_frame("{\"type\":\"update\"," OFFER("u-1", "1.1.0") "}");
  CHECK(told == 1);
  take_frame("{" OFFER("u-2", "1.2.0") ",\"type\":\"update\"}");
  CHECK(told == 2 && strcmp(version, "1.2.0") == 0);
  take_frame("{\"type\":\"update\",\"id\":\"u-1\",\"cancelled\":true}");
  CHECK(told == 2);
  /* Members of other frames are none of an offer. */
  take_frame("{\"type\":\"notice\",\"topic\":\"t\",\"data\":{\"update\":{\"id\":\"u-9\"}},\"update\":{\"id\":\"u-9\"},\"cancelled\":true}");
  CHECK(told == 2);
  take_frame("{\"type\":\"update\",\"id\":\"u-2\",\"cancelled\":true}");
  CHECK(told == 3 && strcmp(version, "none") == 0 && !hub_update_say(&update, HUB_UPDATE_DOWNLOADING, 1, NULL));
  take_frame("{\"type\":\"update\"," OFFER("u-3", "1.3.0") "}");
  CHECK(told == 4);
  another_session("");
  CHECK(told == 5 && strcmp(version, "none") == 0);
}

/* The newest word is said one at a time, and in each session until the hub has it. */
static void words(void) {
  begin(true);
  upgrade();
  welcome_with(",\"update\":{" OFFER("u-1", "1.1.0") "}");
  CHECK(hub_update_say(&update, HUB_UPDATE_DOWNLOADING, 40, NULL));
  hub_step(&core, 2);
  CHECK(drained("{\"type\":\"update-status\",\"re\":\"u-1\",\"state\":\"downloading\",\"percent\":40}") == 1);
  CHECK(hub_update_say(&update, HUB_UPDATE_VERIFYING, -1, NULL) && hub_update_say(&update, HUB_UPDATE_FAILED, -1, "not \"signed\""));
  hub_step(&core, 3);
  CHECK(drained("update-status") == 0 && !hub_update_is_told(&update));
  another_session(",\"update\":{" OFFER("u-1", "1.1.0") "}");
  CHECK(drained("\"state\":\"failed\",\"error\":\"not \\\"signed\\\"\"}") == 1);
  take_frame("{\"type\":\"nack\",\"re\":\"u-1\",\"code\":\"rate\",\"retry\":true,\"retryAfterMs\":500}");
  hub_step(&core, 400);
  CHECK(drained("update-status") == 0);
  hub_step(&core, 600);
  CHECK(drained("\"state\":\"failed\"") == 1);
  take_frame("{\"type\":\"ack\",\"re\":\"u-1\"}");
  hub_step(&core, 700);
  CHECK(drained("update-status") == 0 && hub_update_is_told(&update));
}

/* An offer that does not fit is refused in words, and the firmware never sees it. */
static void a_long_offer(void) {
  char text[512];
  begin(true);
  open_session();
  told = 0;
  snprintf(text, sizeof text,
           "{\"type\":\"update\",\"id\":\"u-1\",\"version\":\"2\",\"sha256\":\"" SHA "\",\"size\":1,\"url\":\"https://%0200d/f\"}", 7);
  take_frame(text);
  hub_step(&core, 2);
  CHECK(told == 0 && drained("\"state\":\"rejected\",\"error\":\"the offer is longer") == 1);
}

static void take_command(const char *id) {
  char text[256];
  snprintf(text, sizeof text,
           "{\"type\":\"command\",\"id\":\"%s\",\"name\":\"identify\",\"params\":{},\"deadline\":1700000060000,\"ttlMs\":60000,"
           "\"safety\":\"observe\"}",
           id);
  take_frame(text);
}

/* What had no place does not run when there is one: its hub has heard that it was rejected. */
static void a_command_without_a_place(void) {
  begin(true);
  open_session();
  runs = 0;
  goes_on = true;
  take_command("a");
  take_command("b");
  hub_step(&core, 2);
  CHECK(runs == 2);
  take_command("c");
  hub_step(&core, 3);
  CHECK(drained("\"re\":\"c\",\"status\":\"rejected\"") == 1);
  CHECK(hub_answer(&core, "a", HUB_SUCCEEDED, NULL, NULL));
  hub_step(&core, 4);
  drained("");
  take_frame("{\"type\":\"ack\",\"re\":\"a\"}");
  take_command("c");
  hub_step(&core, 5);
  CHECK(runs == 2 && drained("\"re\":\"c\",\"status\":\"rejected\"") == 1);
  goes_on = false;
}

/* A hub that was restored from a backup may send once more what has ended. */
static void an_ended_command_after_a_reboot(void) {
  hub_ram_begin(&kept_ram, kept_flash, 1024, 4);
  CHECK(hub_flash_open(&kept_ring, &kept_ram.flash));
  kept_memory = hub_flash_memory(&kept_ring);
  used_memory = &kept_memory;
  begin(true);
  open_session();
  runs = 0;
  take_command("a");
  hub_step(&core, 2);
  CHECK(runs == 1 && drained("\"succeeded\"") == 1);
  take_frame("{\"type\":\"ack\",\"re\":\"a\"}");
  take_frame("{\"type\":\"cancel\",\"re\":\"b\"}");
  begin(true);
  open_session();
  take_command("a");
  take_command("b");
  hub_step(&core, 2);
  CHECK(runs == 1 && drained("\"re\":\"a\",\"status\":\"rejected\"") + drained("") == 1);
  used_memory = &memory;
}

/* The slot of a drain has come, and the hub has not closed. */
static void a_drain_without_an_end(void) {
  begin(true);
  open_session();
  hub_measure(&core, 1, "env", "{\"temperature\":21.5}");
  take_frame("{\"type\":\"drain\",\"reconnectAfterMs\":2000,\"reason\":\"stopping\"}");
  hub_step(&core, 6900);
  CHECK(hub_is_open(&core) && drained("telemetry") == 0);
  hub_step(&core, 7100);
  CHECK(!hub_is_open(&core));
  hub_closed(&core, 7100);
  hub_step(&core, 7200);
  CHECK(hub_wants_link(&core));
}

/* A welcome that makes no sense is no reason to fall over. */
static void odd_numbers(void) {
  begin(true);
  upgrade();
  take_frame("{\"type\":\"welcome\",\"now\":1,\"heartbeatSec\":-1e9,\"graceSec\":1e99,\"backoffMaxMs\":-5e5,\"limits\":{\"inFlight\":-1e9}}");
  hub_step(&core, 2);
  begin(true);
  upgrade();
  take_frame("{\"type\":\"welcome\",\"now\":1e99,\"t1\":5,\"heartbeatSec\":1,\"graceSec\":1,"
             "\"backoffMaxMs\":1e99,\"limits\":{\"inFlight\":2}}");
  hub_step(&core, 1010);
  CHECK(hub_time(&core, 1010) > 0);
}

/* However a long wait is written, it is one. */
static void long_waits(void) {
  static const char *const waits[] = {"1e9", "1E+300", "100000000", "99999999999999999999999"};
  for (size_t index = 0; index < sizeof waits / sizeof *waits; index += 1) {
    char bytes[128];
    const int length = snprintf(bytes, sizeof bytes, "\x88%c\x03\xf5{\"retryAfterMs\":%s}", (char)(2 + 17 + strlen(waits[index])), waits[index]);
    begin(true);
    open_session();
    take(bytes, (size_t)length);
    hub_closed(&core, 2);
    hub_step(&core, 86000000);
    CHECK(!hub_wants_link(&core));
    hub_step(&core, 87000000);
    CHECK(hub_wants_link(&core));
  }
}

int main(void) {
  a_command_without_a_place();
  an_ended_command_after_a_reboot();
  a_drain_without_an_end();
  long_waits();
  odd_numbers();
  offers();
  words();
  a_long_offer();
  log_lines();
  early_readings();
  goodbye_beside_a_new_secret();
  a_secret_that_cannot_be_kept();
  a_long_recall();
  wrong_answers();
  silence();
  readings_of_one_moment();
  reasons();
  a_full_store();
  puts("all hold");
  return 0;
}
