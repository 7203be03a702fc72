#include "hub_core.h"

/*
 *   IDLE ── wait over ──▶ LINKING ── opened ──▶ UPGRADING ── 101 ──▶ WELCOMING ── welcome ──▶ OPEN
 *    ▲                                             └ other status ▶ REFUSED
 *    └────────────────────────── closed, in any of them ◀── ENDING (what is owed goes out, then the link is closed)
 */
enum { IDLE, LINKING, UPGRADING, REFUSED, WELCOMING, OPEN, ENDING };

/* Timers of the protocol that are the device's, ms. */
#define LINK_MS 30000u
#define UPGRADE_MS 10000u
#define WELCOME_MS 10000u
#define BYE_MS 15000u
#define FIRST_LIMIT_MS 1000u
#define FIRST_BACKOFF_MAX_MS 60000u
#define RETRY_MS 1000u
#define MINUTE_MS 60000u
#define LONGEST_STEP_MS 60000u
/* The hub may be set to take no older readings than a few hours without `backfill`. */
#define OLD_MS 3600000u

/* Data frames that may follow the hello, before the hub has said how many it takes, in thousandths. */
#define EARLY_CREDIT 8000u
/* Room that a frame which answers at once needs: a pong, or an unknown result. */
#define ANSWER_ROOM 160u
/* 2^53 - 1, up to which every number of JSON is exact. */
#define MOST_EXACT INT64_C(9007199254740991)
/* A stored reading: boot, uptime (ms, and µs in the upper 16 bits), kind; then `"stream":"env","data":{…}`. */
#define RECORD_HEAD 17u
#define MOST_UP UINT64_C(0xFFFFFFFFFFFF)
/* What stands before it in the frame. */
#define PREFIX 144u
/* Memory slot of the secrets; those from 8 on are commands. */
#define SECRET_SLOT 0
/* How long a hub may take to close after a drain. */
#define DRAIN_MS 5000

enum { SEQ, UP_TO, NOW, T1, T2, RETRY_AFTER, DEADLINE, TTL, HEARTBEAT, GRACE, BACKOFF_MAX, RECONNECT, REV, IN_FLIGHT, PER_SEC, BURST, NUMBERS };

/* Names of these numbers; the last three stand in `limits`. */
static const char *const number_names[NUMBERS] = {
    "seq",          "upTo",         "now",       "t1",       "t2",           "retryAfterMs",     "deadline",
    "ttlMs",        "heartbeatSec", "graceSec",  "backoffMaxMs", "reconnectAfterMs", "rev", "inFlight", "messagesPerSec", "burst"};

static void copy_text(char *to, const char *from, size_t size) {
  size_t index = 0;
  for (; index + 1 < size && from[index] != '\0'; index += 1) to[index] = from[index];
  to[index] = '\0';
}

static uint32_t random32(hub *core) {
  return core->config.random(core->config.context);
}

/* Uniform in 0 to `most`, both included. */
static uint32_t random_up_to(hub *core, uint32_t most) {
  return (uint32_t)((uint64_t)random32(core) * ((uint64_t)most + 1) >> 32);
}

static uint32_t clamped(int64_t value, uint32_t most) {
  return value < 0 ? 0 : value > (int64_t)most ? most : (uint32_t)value;
}

static void tell_part(hub *core, hub_part_event what) {
  if (core->config.part != NULL) core->config.part->take(core->config.part, core, what);
}

/* ---- output ------------------------------------------------------------------------------------------------------ */

static size_t room(const hub *core) {
  return core->config.output_size - (core->output_end - core->output_begin);
}

static void compact(hub *core) {
  if (core->output_begin == 0) return;
  for (size_t index = core->output_begin; index < core->output_end; index += 1)
    core->config.output[index - core->output_begin] = core->config.output[index];
  core->output_end -= core->output_begin;
  core->output_begin = 0;
}

const uint8_t *hub_output(const hub *core, size_t *length) {
  *length = core->output_end - core->output_begin;
  return core->config.output + core->output_begin;
}

void hub_sent(hub *core, size_t length) {
  core->output_begin += length;
  if (core->output_begin >= core->output_end) core->output_begin = core->output_end = 0;
}

/* A writer for the payload of a frame at the end of the output. */
static hub_writer begin_frame(hub *core) {
  hub_writer writer;
  compact(core);
  const size_t at = core->output_end + HUB_WS_HEADROOM;
  const size_t size = core->config.output_size;
  hub_writer_begin(&writer, (char *)core->config.output + (at < size ? at : size), at < size ? size - at : 0);
  return writer;
}

static bool end_control(hub *core, uint8_t opcode, const hub_writer *writer) {
  if (writer->overflow) return false;
  core->output_end += hub_ws_frame(core->config.output + core->output_end, opcode, writer->length, random32(core));
  return true;
}

static uint8_t kind_of(const hub *core) {
  return core->config.cbor == NULL ? HUB_WS_TEXT : HUB_WS_BINARY;
}

/* False when it did not fit: nothing is sent then. */
bool hub_end_frame(hub *core, hub_writer *writer) {
  const hub_frame_format *format = core->config.cbor;
  if (format != NULL && !writer->overflow) {
    writer->length = format->write(format, writer->buffer, writer->length, writer->size);
    writer->overflow = writer->length == 0;
  }
  return end_control(core, kind_of(core), writer);
}

/* `{"type":"…","re":"…"` */
hub_writer hub_begin_answer(hub *core, const char *type, const char *re) {
  hub_writer writer = begin_frame(core);
  hub_write_raw(&writer, "{\"type\":\"");
  hub_write_raw(&writer, type);
  hub_write_raw(&writer, "\",\"re\":\"");
  hub_write_raw(&writer, re);
  hub_write_raw(&writer, "\"");
  return writer;
}

static void write_member(hub_writer *writer, const char *name, const char *text) {
  hub_write_name(writer, name);
  hub_write_string(writer, text);
}

static bool send_control(hub *core, uint8_t opcode, const uint8_t *bytes, size_t length) {
  hub_writer writer = begin_frame(core);
  hub_write_bytes(&writer, (const char *)bytes, length);
  return end_control(core, opcode, &writer);
}

/* `b-` and the boot in hexadecimal digits. */
static void write_boot(hub_writer *writer, uint64_t boot) {
  static const char hex[] = "0123456789abcdef";
  char text[20] = "\"b-";
  for (uint8_t index = 0; index < 16; index += 1) text[3 + index] = hex[boot >> (60 - 4 * index) & 15];
  text[19] = '"';
  hub_write_bytes(writer, text, 20);
}

/* ---- beginning --------------------------------------------------------------------------------------------------- */

static uint64_t integer_of(const uint8_t *bytes) {
  uint64_t value = 0;
  for (uint8_t index = 0; index < 8; index += 1) value = value << 8 | bytes[index];
  return value;
}

static void put_integer(uint8_t *bytes, uint64_t value) {
  for (uint8_t index = 0; index < 8; index += 1) bytes[index] = (uint8_t)(value >> (56 - 8 * index));
}

static uint64_t up_of(const uint8_t *record) {
  return integer_of(record + 8) & MOST_UP;
}

static void write_up(hub_writer *writer, const uint8_t *record) {
  const uint32_t micros = (uint32_t)(integer_of(record + 8) >> 48);
  char decimals[] = ".000";
  hub_write_integer(writer, (int64_t)up_of(record));
  if (micros == 0) return;
  decimals[1] = (char)('0' + micros / 100);
  decimals[2] = (char)('0' + micros / 10 % 10);
  decimals[3] = (char)('0' + micros % 10);
  hub_write_raw(writer, decimals);
}

/* Which boots left readings, and how long each was up, as far as they tell. */
static void find_boots(hub *core) {
  const hub_store *store = core->config.store;
  uint8_t *record = core->config.output;
  core->boot_count = 0;
  for (uint32_t number = store->next(store->context, 0); number != 0; number = store->next(store->context, number)) {
    if (store->read(store->context, number, record, core->config.output_size) < RECORD_HEAD) continue;
    const uint64_t boot = integer_of(record);
    hub_ended_boot *last = core->boot_count > 0 ? &core->boots[core->boot_count - 1] : NULL;
    if (last == NULL || last->boot != boot) {
      /* The oldest go first: readings of more boots than these have no time but their own. */
      if (core->boot_count == HUB_BOOTS) {
        for (uint8_t index = 1; index < HUB_BOOTS; index += 1) core->boots[index - 1] = core->boots[index];
        core->boot_count -= 1;
      }
      last = &core->boots[core->boot_count];
      core->boot_count += 1;
      last->boot = boot;
      last->up = 0;
    }
    /* A moment longer: its last reading must not have the time of the first one of the next boot, or they would be one. */
    const uint64_t up = up_of(record) + 1;
    if (up > last->up) last->up = up;
  }
}

/* What the settings say a secret is for: after a new provisioning, what was kept is of no use. */
static uint64_t print_of(const hub_config *config) {
  uint64_t hash = UINT64_C(0xCBF29CE484222325);
  for (const char *at = config->id; *at != '\0'; at += 1) hash = (hash ^ (uint8_t)*at) * UINT64_C(0x100000001B3);
  hash *= 31;
  for (const char *at = config->secret; *at != '\0'; at += 1) hash = (hash ^ (uint8_t)*at) * UINT64_C(0x100000001B3);
  return hash;
}

/* False when the memory refuses. */
static bool keep_secrets(hub *core) {
  uint8_t kept[8 + 2 * (HUB_SECRET + 1)];
  const hub_memory *memory = core->config.memory;
  /* It would be forgotten with the power, and the one before it is of no more use by then. */
  if (memory == NULL) return false;
  put_integer(kept, print_of(&core->config));
  copy_text((char *)kept + 8, core->secret, HUB_SECRET + 1);
  copy_text((char *)kept + 8 + HUB_SECRET + 1, core->fresh, HUB_SECRET + 1);
  /* What stands behind the NULs is nobody's, but not random: it is the same value again. */
  for (size_t at = 8 + hub_length(core->secret); at < 8 + HUB_SECRET + 1; at += 1) kept[at] = 0;
  for (size_t at = 9 + HUB_SECRET + hub_length(core->fresh); at < sizeof kept; at += 1) kept[at] = 0;
  return memory->save(memory->context, SECRET_SLOT, kept, sizeof kept);
}

static void load_secrets(hub *core) {
  uint8_t kept[8 + 2 * (HUB_SECRET + 1)];
  const hub_memory *memory = core->config.memory;
  copy_text(core->secret, core->config.secret, sizeof core->secret);
  core->fresh[0] = '\0';
  if (memory == NULL || memory->load(memory->context, SECRET_SLOT, kept, sizeof kept) != sizeof kept) return;
  if (integer_of(kept) != print_of(&core->config)) return;
  copy_text(core->secret, (const char *)kept + 8, sizeof core->secret);
  copy_text(core->fresh, (const char *)kept + 8 + HUB_SECRET + 1, sizeof core->fresh);
}

/* CBOR is written behind the JSON that it is made of. */
static size_t longest_frame(const hub_config *config) {
  return config->cbor == NULL ? config->output_size : config->output_size / 3;
}

bool hub_begin(hub *core, const hub_config *config, uint64_t up) {
  *core = (hub){0};
  if (config->host == NULL || config->id == NULL || config->secret == NULL || config->type == NULL || config->random == NULL ||
      config->store == NULL || config->output == NULL || config->flights == NULL || config->flight_count == 0)
    return false;
  if (longest_frame(config) < HUB_OUTPUT_MIN + config->command_count * (HUB_COMMAND_ID + 3u)) return false;
  if (hub_length(config->secret) > HUB_SECRET) return false;
  core->config = *config;
  /* A frame has two bytes for its length, and the hub takes 65,536. */
  if (core->config.output_size > 65000u) core->config.output_size = 65000u;
  core->now = up;
  core->desired_rev = core->reported_rev = core->held_rev = -1;
  core->limit_ms = FIRST_LIMIT_MS;
  core->backoff_max_ms = FIRST_BACKOFF_MAX_MS;
  core->boot = (uint64_t)random32(core) << 32 | random32(core);
  core->commands.commands = config->commands;
  core->commands.count = config->command_count;
  core->commands.refused = config->refused;
  core->commands.refused_count = config->refused == NULL ? 0 : config->refused_count;
  core->commands.memory = config->memory;
  load_secrets(core);
  hub_commands_begin(&core->commands);
  find_boots(core);
  return true;
}

/* ---- readings ---------------------------------------------------------------------------------------------------- */

/*
 * The hub makes one reading of two that have one stream and one time: those of the same ms are put a µs apart. Streams whose names
 * share a bit are too, which harms nothing.
 */
static uint64_t moment_of(hub *core, uint64_t up, const char *head, size_t length) {
  uint32_t hash = 2166136261u;
  for (size_t at = 0; at < length; at += 1) hash = (hash ^ (uint8_t)head[at]) * 16777619u;
  const uint32_t stream = UINT32_C(1) << (hash >> 27);
  if (up != core->moment) {
    core->moment = up;
    core->moment_round = 0;
    core->moment_streams = 0;
  } else if ((core->moment_streams & stream) != 0) {
    core->moment_round += 1;
    core->moment_streams = 0;
  }
  core->moment_streams |= stream;
  return up + core->moment_round / 1000 + ((uint64_t)(core->moment_round % 1000) << 48);
}

static bool store_record(hub *core, uint64_t up, char kind, const char *head, size_t head_length, const char *data) {
  uint8_t bytes[RECORD_HEAD + 120];
  const hub_store *store = core->config.store;
  put_integer(bytes, core->boot);
  put_integer(bytes + 8, moment_of(core, up, head, head_length));
  bytes[16] = (uint8_t)kind;
  for (size_t at = 0; at < head_length; at += 1) bytes[RECORD_HEAD + at] = (uint8_t)head[at];
  const size_t length = hub_length(data);
  core->counters.measured += 1;
  /* What never fits would stay in the store for good. */
  if (RECORD_HEAD + head_length + length + PREFIX + HUB_WS_HEADROOM + 2 > longest_frame(&core->config)) {
    core->counters.lost += 1;
    return false;
  }
  while (store->append(store->context, bytes, RECORD_HEAD + head_length, data, length) == 0) {
    const uint32_t oldest = core->config.drops_oldest ? store->next(store->context, 0) : 0;
    core->counters.lost += 1;
    if (oldest == 0) return false;
    store->drop(store->context, oldest);
  }
  return true;
}

bool hub_measure(hub *core, uint64_t up, const char *stream, const char *data) {
  char head[110];
  hub_writer writer;
  hub_writer_begin(&writer, head, sizeof head);
  write_member(&writer, "stream", stream);
  hub_write_name(&writer, "data");
  const size_t length = hub_writer_end(&writer);
  return length > 0 && store_record(core, up, 't', head, length, data);
}

bool hub_report(hub *core, uint64_t up, const char *name, hub_severity severity, const char *data) {
  static const char *const severities[] = {"info", "warning", "critical"};
  char head[120];
  hub_writer writer;
  hub_writer_begin(&writer, head, sizeof head);
  write_member(&writer, "name", name);
  write_member(&writer, "severity", severities[severity]);
  hub_write_name(&writer, "data");
  const size_t length = hub_writer_end(&writer);
  return length > 0 && store_record(core, up, 'e', head, length, data == NULL ? "{}" : data);
}

/* There is no room for it now; or, when nothing else is in the output, it is damaged, or of a firmware with a longer output. */
static bool cannot_send(hub *core, uint32_t number) {
  if (core->output_end > 0) return false;
  core->counters.lost += 1;
  core->config.store->drop(core->config.store->context, number);
  return true;
}

/* Sends the record as the next data frame. False when there is no room now. */
static bool send_record(hub *core, uint32_t number) {
  const hub_store *store = core->config.store;
  char prefix[PREFIX];
  hub_writer writer;
  compact(core);
  const size_t at = core->output_end + HUB_WS_HEADROOM + PREFIX;
  if (at + RECORD_HEAD + 2 > core->config.output_size) return false;
  uint8_t *record = core->config.output + at;
  const size_t length = store->read(store->context, number, record, core->config.output_size - at - 2);
  if (length < RECORD_HEAD) return cannot_send(core, number);
  const uint64_t boot = integer_of(record);
  core->seq += 1;
  hub_writer_begin(&writer, prefix, sizeof prefix);
  hub_write_raw(&writer, record[16] == 'e' ? "{\"type\":\"event\"" : "{\"type\":\"telemetry\"");
  hub_write_name(&writer, "seq");
  hub_write_integer(&writer, core->seq);
  hub_write_name(&writer, "up");
  write_up(&writer, record);
  const bool earlier = boot != core->boot;
  if (earlier) {
    hub_write_name(&writer, "boot");
    write_boot(&writer, boot);
  }
  /* It lifts the limit on age. */
  if (earlier || core->now - up_of(record) > OLD_MS) hub_write_raw(&writer, ",\"backfill\":true");
  hub_write_raw(&writer, ",");
  char *payload = (char *)core->config.output + core->output_end + HUB_WS_HEADROOM;
  for (size_t index = 0; index < writer.length; index += 1) payload[index] = prefix[index];
  for (size_t index = RECORD_HEAD; index < length; index += 1) payload[writer.length + index - RECORD_HEAD] = (char)record[index];
  writer.length += length - RECORD_HEAD + 1;
  payload[writer.length - 1] = '}';
  writer.buffer = payload;
  writer.size = core->config.output_size - core->output_end - HUB_WS_HEADROOM;
  if (!hub_end_frame(core, &writer)) {
    core->seq -= 1;
    return cannot_send(core, number);
  }
  core->counters.sent += 1;
  core->credit -= 1000;
  hub_flight *flight = core->config.flights;
  for (uint16_t index = 0; index < core->in_flight; index += 1, flight += 1) {
    if (flight->record == number) break;
  }
  if (flight == core->config.flights + core->in_flight) core->in_flight = (uint16_t)(core->in_flight + 1);
  flight->seq = core->seq;
  flight->record = number;
  return true;
}

static void remove_flight(hub *core, uint16_t index) {
  core->in_flight = (uint16_t)(core->in_flight - 1);
  for (; index < core->in_flight; index += 1) core->config.flights[index] = core->config.flights[index + 1];
}

static void drop_flight(hub *core, uint16_t index) {
  const hub_store *store = core->config.store;
  store->drop(store->context, core->config.flights[index].record);
  remove_flight(core, index);
}

static void acked(hub *core, int64_t up_to) {
  for (uint16_t index = core->in_flight; index > 0; index -= 1) {
    const hub_flight *flight = &core->config.flights[index - 1];
    if (flight->seq == 0 || (int64_t)flight->seq > up_to) continue;
    drop_flight(core, (uint16_t)(index - 1));
    core->counters.settled += 1;
  }
}

static void refill_credit(hub *core) {
  const uint64_t passed = core->now - core->credit_at;
  const uint64_t more = core->credit + passed * core->per_second;
  core->credit = more > core->burst ? core->burst : (uint32_t)more;
  core->credit_at = core->now;
}

/* Sends what the window, the rate and the output allow. Returns true when everything in the store is under way. */
static bool send_readings(hub *core) {
  const hub_store *store = core->config.store;
  refill_credit(core);
  if (core->now < core->data_at) return false;
  for (uint16_t index = 0; index < core->in_flight; index += 1) {
    if (core->config.flights[index].seq != 0) continue;
    const uint16_t before = core->in_flight;
    if (core->credit < 1000 || !send_record(core, core->config.flights[index].record)) return false;
    /* It was damaged, and is gone from the store. */
    if (core->config.flights[index].seq == 0 && core->in_flight == before) {
      remove_flight(core, index);
      index -= 1;
    }
  }
  for (;;) {
    const uint32_t number = store->next(store->context, core->cursor);
    if (number == 0) return true;
    if (core->in_flight >= core->window || core->credit < 1000 || !send_record(core, number)) return false;
    core->cursor = number;
  }
}

bool hub_log(hub *core, uint64_t up, hub_log_level level, const char *msg, const char *tag) {
  static const char *const levels[] = {"debug", "info", "warning", "error"};
  if (core->state != OPEN || core->bye_sent || core->has_drain_slot) return false;
  if (core->now < core->data_at || core->in_flight >= core->window || core->credit < 1000) return false;
  hub_writer writer = begin_frame(core);
  hub_write_raw(&writer, "{\"type\":\"log\",\"seq\":");
  hub_write_integer(&writer, (int64_t)core->seq + 1);
  hub_write_name(&writer, "up");
  hub_write_integer(&writer, (int64_t)up);
  write_member(&writer, "level", levels[level]);
  write_member(&writer, "msg", msg);
  if (tag != NULL) write_member(&writer, "tag", tag);
  hub_write_raw(&writer, "}");
  if (!hub_end_frame(core, &writer)) return false;
  core->seq += 1;
  core->credit -= 1000;
  return true;
}

/* ---- commands ---------------------------------------------------------------------------------------------------- */

static bool send_result(hub *core, hub_command *command) {
  static const char *const results[] = {"succeeded", "failed", "rejected", "expired", "cancelled"};
  hub_writer writer = hub_begin_answer(core, "result", command->id);
  write_member(&writer, "status", results[command->result < 5 ? command->result : 1]);
  if (command->length > 0) {
    hub_write_name(&writer, command->is_output ? "output" : "error");
    if (command->is_output) hub_write_bytes(&writer, command->data, command->length);
    else hub_write_string(&writer, command->data);
  }
  hub_write_raw(&writer, "}");
  return hub_end_frame(core, &writer);
}

/* Sends what commands are owed. False when there was no room. */
static bool send_answers(hub *core) {
  for (uint8_t index = 0; index < core->commands.count; index += 1) {
    hub_command *command = &core->commands.commands[index];
    if (command->state == HUB_COMMAND_FREE) continue;
    if (command->owes_received) {
      hub_writer writer = hub_begin_answer(core, "received", command->id);
      hub_write_raw(&writer, "}");
      if (!hub_end_frame(core, &writer)) return false;
      command->owes_received = false;
    }
    if (command->owes_result && core->now >= core->results_at) {
      if (!send_result(core, command)) return false;
      command->owes_result = false;
    }
  }
  return true;
}

static void end_command(hub *core, hub_command *command, hub_status status, const char *output, size_t output_length,
                        const char *error) {
  static const hub_result results[] = {HUB_RESULT_SUCCEEDED, HUB_RESULT_FAILED, HUB_RESULT_REJECTED};
  if (status == HUB_RUNNING) return;
  if (status == HUB_SUCCEEDED) {
    hub_command_end(&core->commands, command, HUB_RESULT_SUCCEEDED, output, output_length, true);
  } else {
    if (error == NULL) error = "";
    hub_command_end(&core->commands, command, results[status], error, hub_length(error), false);
  }
}

int64_t hub_time(const hub *core, uint64_t up) {
  if (core->offset_count == 0) return 0;
  int64_t least = core->offsets[0];
  for (uint8_t index = 1; index < core->offset_count; index += 1) {
    if (core->offsets[index] < least) least = core->offsets[index];
  }
  return (int64_t)up + least;
}

/* Begins the commands that wait, one after the other, unless their time is over. */
static void run_commands(hub *core) {
  for (uint8_t index = 0; index < core->commands.count; index += 1) {
    hub_command *command = &core->commands.commands[index];
    if (command->state != HUB_COMMAND_WAITING) continue;
    const bool late = hub_time(core, core->now) > command->deadline || core->now - command->arrived > command->ttl;
    if (late) {
      hub_command_end(&core->commands, command, HUB_RESULT_EXPIRED, "", 0, false);
      continue;
    }
    char output[HUB_COMMAND_DATA];
    hub_outcome outcome = {HUB_REJECTED, NULL, output, sizeof output, 0};
    command->state = HUB_COMMAND_BEGUN;
    if (core->config.on_command != NULL) core->config.on_command(core->config.context, core, command, &outcome);
    /* It may have called hub_answer by itself. */
    if (command->state == HUB_COMMAND_BEGUN)
      end_command(core, command, outcome.status, output, outcome.output_length, outcome.error);
  }
}

bool hub_answer(hub *core, const char *id, hub_status status, const char *output, const char *error) {
  hub_command *command = hub_commands_find(&core->commands, id);
  if (command == NULL || command->state != HUB_COMMAND_BEGUN || status == HUB_RUNNING) return false;
  end_command(core, command, status, output, output == NULL ? 0 : hub_length(output), error);
  return true;
}

bool hub_progress(hub *core, const char *id, int percent, const char *note) {
  if (core->state != OPEN) return false;
  hub_writer writer = hub_begin_answer(core, "progress", id);
  if (percent >= 0) {
    hub_write_name(&writer, "percent");
    hub_write_integer(&writer, percent > 100 ? 100 : percent);
  }
  if (note != NULL) write_member(&writer, "note", note);
  hub_write_raw(&writer, "}");
  return hub_end_frame(core, &writer);
}

/* An id of a recall, or of a command, that is none of those known: the hub is told so, or the command refused. */
static void answer_unknown(hub *core, const char *id, const char *status) {
  hub_writer writer = hub_begin_answer(core, "result", id);
  write_member(&writer, "status", status);
  hub_write_raw(&writer, "}");
  hub_end_frame(core, &writer);
}

static void owe_again(hub_command *command) {
  if (command->state == HUB_COMMAND_ENDED) command->owes_result = true;
  else command->owes_received = true;
}

static void recalled(hub *core, const char *id) {
  hub_command *command = hub_commands_find(&core->commands, id);
  if (command != NULL) {
    owe_again(command);
    return;
  }
  hub_commands_refuse(&core->commands, id, false);
  answer_unknown(core, id, "unknown");
}

/* There is no place for it now; it does not run later either. */
static void reject(hub *core, const char *id) {
  hub_commands_refuse(&core->commands, id, false);
  answer_unknown(core, id, "rejected");
}

static void commanded(hub *core) {
  hub_command *command = hub_commands_find(&core->commands, core->frame.id);
  hub_command *place = core->frame.place;
  bool cancelled = false;
  if (command != NULL) {
    owe_again(command);
    return;
  }
  if (hub_commands_is_refused(&core->commands, core->frame.id, &cancelled)) {
    answer_unknown(core, core->frame.id, cancelled ? "cancelled" : "rejected");
    return;
  }
  if (place == NULL) {
    reject(core, core->frame.id);
    return;
  }
  copy_text(place->id, core->frame.id, sizeof place->id);
  copy_text(place->name, core->frame.name, sizeof place->name);
  place->state = HUB_COMMAND_WAITING;
  place->deadline = core->frame.numbers[DEADLINE];
  place->ttl = core->frame.numbers[TTL] < 0 ? 0 : (uint64_t)core->frame.numbers[TTL];
  place->arrived = core->now;
  place->owes_result = false;
  place->length = (uint16_t)core->walk.kept[0].length;
  if (core->walk.kept[0].overflow) {
    static const char why[] = "the parameters are longer than HUB_COMMAND_DATA";
    hub_command_end(&core->commands, place, HUB_RESULT_REJECTED, why, sizeof why - 1, false);
    return;
  }
  /* Stored before it is received: a device that says it has a command knows it after a loss of power too. */
  if (!hub_commands_keep(&core->commands, place)) {
    place->state = HUB_COMMAND_FREE;
    reject(core, core->frame.id);
    return;
  }
  place->owes_received = true;
}

static void cancelled(hub *core) {
  hub_command *command = hub_commands_find(&core->commands, core->frame.id);
  if (command == NULL) hub_commands_refuse(&core->commands, core->frame.id, true);
  else if (command->state == HUB_COMMAND_WAITING)
    hub_command_end(&core->commands, command, HUB_RESULT_CANCELLED, "", 0, false);
  else owe_again(command);
}

/* ---- the twin ---------------------------------------------------------------------------------------------------- */

void hub_reported(hub *core, const char *state, const char *error) {
  core->reported = state;
  core->reported_error = error;
  core->reported_rev = core->desired_rev;
  core->report_number += 1;
  core->report_is_acked = false;
  core->owes_report = true;
}

static void take_desired(hub *core) {
  const hub_walk_kept *kept = &core->walk.kept[1];
  if (core->config.desired == NULL || (core->frame.has & UINT32_C(1) << REV) == 0 || kept->length == 0) return;
  core->desired_rev = core->frame.numbers[REV];
  if (kept->overflow) hub_reported(core, core->reported == NULL ? "{}" : core->reported, "it is longer than the device can hold");
  else if (core->config.on_desired != NULL)
    core->config.on_desired(core->config.context, core, core->config.desired, kept->length);
}

static void report_id(const hub *core, char id[16]) {
  hub_writer writer;
  hub_writer_begin(&writer, id, 16);
  hub_write_raw(&writer, "_r");
  hub_write_integer(&writer, core->report_number);
  hub_writer_end(&writer);
}

/* Whether this is the id of the report that is under way. */
static bool is_report(const hub *core, const char *id) {
  char own[16];
  report_id(core, own);
  return core->reported != NULL && hub_equal(own, id);
}

static bool send_report(hub *core) {
  char id[16];
  hub_writer writer = begin_frame(core);
  report_id(core, id);
  hub_write_raw(&writer, "{\"type\":\"reported\",\"id\":\"");
  hub_write_raw(&writer, id);
  hub_write_raw(&writer, "\",\"patch\":");
  hub_write_raw(&writer, core->reported);
  if (core->reported_rev >= 0) {
    hub_write_name(&writer, "desiredRev");
    hub_write_integer(&writer, core->reported_rev);
  }
  if (core->reported_error != NULL) {
    hub_write_raw(&writer, ",\"errors\":[{\"path\":\"\",\"message\":");
    hub_write_string(&writer, core->reported_error);
    hub_write_raw(&writer, "}]");
  }
  hub_write_raw(&writer, "}");
  return hub_end_frame(core, &writer);
}

static void report_acked(hub *core) {
  core->report_is_acked = true;
  core->held_rev = core->reported_rev;
}

/* ---- frames of the hub ------------------------------------------------------------------------------------------- */

static void note_offset(hub *core, int64_t hub_ms, int64_t own_ms) {
  core->offsets[core->offset_next] = hub_ms - own_ms;
  core->offset_next = (uint8_t)((core->offset_next + 1) % 8);
  if (core->offset_count < 8) core->offset_count = (uint8_t)(core->offset_count + 1);
}

static bool has(const hub *core, uint8_t number) {
  return (core->frame.has & UINT32_C(1) << number) != 0;
}

static void welcomed(hub *core) {
  const int64_t *numbers = core->frame.numbers;
  core->state = OPEN;
  core->counters.sessions += 1;
  core->backoff_max_ms = clamped(numbers[BACKOFF_MAX], 86400000);
  core->limit_ms = core->backoff_max_ms < FIRST_LIMIT_MS ? core->backoff_max_ms : FIRST_LIMIT_MS;
  core->heartbeat_ms = clamped(numbers[HEARTBEAT], 86400000);
  if (core->heartbeat_ms < 100) core->heartbeat_ms = 100;
  core->grace_ms = clamped(numbers[GRACE], 86400000);
  /* Another session, perhaps another hub: its clock is judged anew. */
  core->offset_count = core->offset_next = 0;
  note_offset(core, numbers[NOW], numbers[T1]);
  const uint32_t in_flight = clamped(numbers[IN_FLIGHT], 65535);
  core->window = in_flight < core->config.flight_count ? (uint16_t)in_flight : core->config.flight_count;
  if (core->window == 0) core->window = 1;
  core->per_second = clamped(numbers[PER_SEC], 1000000);
  const uint32_t burst = has(core, BURST) ? clamped(numbers[BURST], 1000000) : core->per_second;
  /* Those that came with the hello count. */
  const uint32_t used = EARLY_CREDIT - core->credit;
  core->burst = (burst < 1 ? 1 : burst) * 1000;
  core->credit = core->burst > used ? core->burst - used : 0;
  core->credit_at = core->now;
  core->beat_at = core->now + core->heartbeat_ms * 8 / 10;
  core->has_drain_slot = false;
  core->boot_count = 0;
  /* A hello without a revision has made the hub forget what was reported. */
  core->owes_report = core->reported != NULL && (!core->report_is_acked || core->held_rev < 0);
  for (uint8_t index = 0; index < core->commands.count; index += 1) {
    if (core->commands.commands[index].state == HUB_COMMAND_ENDED) core->commands.commands[index].owes_result = true;
  }
  if (!core->with_fresh) return;
  copy_text(core->secret, core->fresh, sizeof core->secret);
  core->fresh[0] = '\0';
  keep_secrets(core);
}

static void tell_refused(hub *core) {
  if (core->config.on_refused != NULL)
    core->config.on_refused(core->config.context, core->frame.code, core->frame.path, core->frame.rule);
}

static void nacked(hub *core) {
  const uint64_t again = core->now + (has(core, RETRY_AFTER) ? clamped(core->frame.numbers[RETRY_AFTER], 86400000) : RETRY_MS);
  /* Whatever was named waits, that of a part too. */
  if (core->frame.id[0] != '\0' && core->frame.retry) core->results_at = again;
  if (core->frame.id[0] != '\0' && is_report(core, core->frame.id)) {
    core->owes_report = core->frame.retry;
    if (!core->frame.retry) tell_refused(core);
    return;
  }
  if (core->frame.id[0] != '\0') {
    hub_command *command = hub_commands_find(&core->commands, core->frame.id);
    if (command == NULL || command->state != HUB_COMMAND_ENDED) return;
    if (core->frame.retry) {
      command->owes_result = true;
    } else {
      tell_refused(core);
      hub_commands_settle(&core->commands, command);
    }
    return;
  }
  for (uint16_t index = 0; index < core->in_flight && has(core, SEQ); index += 1) {
    if ((int64_t)core->config.flights[index].seq != core->frame.numbers[SEQ]) continue;
    if (core->frame.retry) {
      core->config.flights[index].seq = 0;
      if (again > core->data_at) core->data_at = again;
    } else {
      core->counters.refused += 1;
      tell_refused(core);
      drop_flight(core, index);
    }
    return;
  }
  if (!core->frame.retry) tell_refused(core);
  else if (again > core->data_at) core->data_at = again;
}

static void got_credential(hub *core) {
  if (core->frame.secret[0] == '\0') return;
  copy_text(core->fresh, core->frame.secret, sizeof core->fresh);
  core->fresh_refused = false;
  /* Not on the flash: then it must not be used, for the old one would be gone with its first use. */
  if (!keep_secrets(core)) core->fresh[0] = '\0';
  else core->reconnects = true;
}

static void frame_ended(hub *core) {
  const char *type = core->frame.type;
  if (!hub_walk_is_whole(&core->walk)) return;
  if (hub_equal(type, "welcome")) {
    if (core->state == WELCOMING) {
      tell_part(core, HUB_FRAME_ENDED);
      welcomed(core);
      take_desired(core);
    }
    return;
  }
  if (hub_equal(type, "nack")) nacked(core);
  if (core->state != OPEN) return;
  tell_part(core, HUB_FRAME_ENDED);
  if (hub_equal(type, "ack")) {
    if (has(core, UP_TO)) acked(core, core->frame.numbers[UP_TO]);
    hub_command *command = core->frame.id[0] == '\0' ? NULL : hub_commands_find(&core->commands, core->frame.id);
    if (command != NULL && command->state == HUB_COMMAND_ENDED) hub_commands_settle(&core->commands, command);
    else if (is_report(core, core->frame.id)) report_acked(core);
  } else if (hub_equal(type, "heartbeat")) {
    note_offset(core, core->frame.numbers[T2], core->frame.numbers[T1]);
  } else if (hub_equal(type, "command")) {
    if (core->frame.id[0] != '\0') commanded(core);
  } else if (hub_equal(type, "cancel")) {
    if (core->frame.id[0] != '\0') cancelled(core);
  } else if (hub_equal(type, "desired")) {
    take_desired(core);
  } else if (hub_equal(type, "credential")) {
    got_credential(core);
  } else if (hub_equal(type, "drain")) {
    core->has_drain_slot = true;
    core->drain_slot = core->now + clamped(core->frame.numbers[RECONNECT], 86400000);
  } else if (hub_equal(type, "notice") && core->config.on_notice != NULL && core->frame.place != NULL &&
             !core->walk.kept[0].overflow) {
    core->config.on_notice(core->config.context, core->frame.name, core->frame.place->data, core->walk.kept[0].length);
  }
}

/* What the protocol lets an id be; it goes back as it is, so that it must need no escape. */
static bool is_id(const hub_walk *walk) {
  for (uint16_t index = 0; index < walk->length; index += 1) {
    const char character = walk->text[index];
    const bool letter = (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z');
    if (!letter && !(character >= '0' && character <= '9') && character != '_' && character != '-') return false;
  }
  return walk->length > 0 && walk->length <= HUB_COMMAND_ID;
}

/* A text member of a frame, whole: a text that was cut is none that the core could use. */
static void text_member(hub *core, const hub_walk *walk) {
  if (walk->cut) return;
  if (walk->depth == 1) {
    const char *name = walk->names[0];
    if (hub_equal(name, "type")) copy_text(core->frame.type, walk->text, sizeof core->frame.type);
    else if (hub_equal(name, "id") || hub_equal(name, "re")) {
      if (is_id(walk)) copy_text(core->frame.id, walk->text, sizeof core->frame.id);
    } else if (hub_equal(name, "name") || hub_equal(name, "topic")) {
      if (walk->length <= HUB_COMMAND_ID) copy_text(core->frame.name, walk->text, sizeof core->frame.name);
    } else if (hub_equal(name, "code")) copy_text(core->frame.code, walk->text, sizeof core->frame.code);
    else if (hub_equal(name, "secret") && walk->length <= HUB_SECRET)
      copy_text(core->frame.secret, walk->text, sizeof core->frame.secret);
  } else if (walk->depth == 2 && hub_equal(walk->names[0], "ids")) {
    /* Names of the frame before `ids`, if any, say recall; no other frame has such a list. */
    if (core->state == OPEN && is_id(walk)) recalled(core, walk->text);
  } else if (walk->depth == 2 && hub_equal(walk->names[0], "error") && hub_equal(walk->names[1], "code")) {
    copy_text(core->frame.code, walk->text, sizeof core->frame.code);
  } else if (walk->depth == 3 && hub_equal(walk->names[0], "errors") && core->frame.rule[0] == '\0') {
    if (hub_equal(walk->name, "path")) copy_text(core->frame.path, walk->text, sizeof core->frame.path);
    if (hub_equal(walk->name, "keyword")) copy_text(core->frame.rule, walk->text, sizeof core->frame.rule);
  }
}

static void number_member(hub *core, const hub_walk *walk) {
  const bool in_limits = walk->depth == 2 && hub_equal(walk->names[0], "limits");
  const bool in_desired = walk->depth == 2 && hub_equal(walk->names[0], "desired");
  if (walk->depth != 1 && !in_limits && !in_desired) return;
  for (uint8_t index = in_limits ? IN_FLIGHT : 0; index < (in_limits ? NUMBERS : IN_FLIGHT); index += 1) {
    if (!hub_equal(walk->names[walk->depth - 1], number_names[index])) continue;
    core->frame.has |= UINT32_C(1) << index;
    /* Beyond what any JSON number says exactly nothing is meant; within it, sums and differences of two have room. */
    const int64_t number = walk->number > MOST_EXACT ? MOST_EXACT : walk->number < -MOST_EXACT ? -MOST_EXACT : walk->number;
    core->frame.numbers[index] = number;
    /* Seconds become ms, so that half a second is one. */
    if (index == HEARTBEAT || index == GRACE)
      core->frame.numbers[index] = number > 1000000000 || number < 0 ? number : number * 1000 + walk->thousandths;
  }
}

static void member(void *context, const hub_walk *walk, hub_json_kind kind) {
  hub *core = (hub *)context;
  if (kind >= HUB_JSON_BOOLEAN && kind <= HUB_JSON_STRING)
    tell_part(core, kind == HUB_JSON_STRING ? HUB_FRAME_TEXT : kind == HUB_JSON_NUMBER ? HUB_FRAME_NUMBER : HUB_FRAME_FLAG);
  if (kind == HUB_JSON_STRING) text_member(core, walk);
  else if (kind == HUB_JSON_NUMBER) number_member(core, walk);
  else if (kind == HUB_JSON_BOOLEAN && walk->depth == 1 && hub_equal(walk->names[0], "retry")) core->frame.retry = walk->flag;
}

static void begin_message(hub *core) {
  hub_walk_begin(&core->walk, member, core);
  tell_part(core, HUB_FRAME_BEGINS);
  core->frame.has = 0;
  core->frame.type[0] = core->frame.id[0] = core->frame.name[0] = core->frame.code[0] = '\0';
  core->frame.path[0] = core->frame.rule[0] = core->frame.secret[0] = '\0';
  core->frame.retry = false;
  for (uint8_t index = 0; index < NUMBERS; index += 1) core->frame.numbers[index] = 0;
  core->frame.place = hub_commands_free(&core->commands);
  if (core->frame.place != NULL) {
    core->frame.place->data[0] = '\0';
    hub_walk_keep(&core->walk, 0, "params", "data", core->frame.place->data, HUB_COMMAND_DATA);
  }
  if (core->config.desired != NULL) hub_walk_keep(&core->walk, 1, "desired", "state", core->config.desired, core->config.desired_size);
}

/* ---- waits ------------------------------------------------------------------------------------------------------- */

/* No link is wanted until `ms` are over; what is still in the output goes out first, for a second at most. */
static void wait_for(hub *core, uint64_t ms) {
  core->wait_until = core->now + ms;
  if (core->state == IDLE || core->state == LINKING) {
    core->state = IDLE;
    return;
  }
  core->state = ENDING;
  core->state_until = core->now + 1000;
}

static uint32_t backoff(hub *core) {
  const uint32_t wait = random_up_to(core, core->limit_ms);
  core->limit_ms = core->limit_ms >= core->backoff_max_ms / 2 ? core->backoff_max_ms : core->limit_ms * 2;
  return wait;
}

static void wait_long(hub *core) {
  wait_for(core, 15 * MINUTE_MS + random_up_to(core, 45 * MINUTE_MS));
}

/* The connection failed, or broke. */
static void fail(hub *core) {
  if (core->has_drain_slot) {
    /* Its slot; from then on it is a failure like others. */
    core->has_drain_slot = false;
    wait_for(core, core->drain_slot > core->now ? core->drain_slot - core->now : 0);
  } else {
    wait_for(core, (uint64_t)core->hint_ms + backoff(core));
  }
  core->hint_ms = 0;
}

static void refused(hub *core) {
  const uint16_t status = core->link.answer.status;
  core->hint_ms = core->link.answer.retry_after_sec > 86400 ? 86400000 : core->link.answer.retry_after_sec * 1000;
  const bool wrong_secret = status == 401 || (status == 429 && hub_equal(core->frame.code, "too-many-attempts"));
  if (wrong_secret && core->with_fresh) {
    core->fresh_refused = true;
    wait_for(core, core->hint_ms);
    core->hint_ms = 0;
  } else if (status == 401 || status == 403) {
    wait_long(core);
  } else if (status == 400 || status == 404 || status == 405 || status == 426) {
    wait_for(core, MINUTE_MS + backoff(core));
  } else {
    fail(core);
  }
}

static void close_came(hub *core) {
  const hub_ws_frames *frames = &core->link.frames;
  const uint16_t code = frames->control_length < 2 ? 1005 : (uint16_t)(frames->control[0] << 8 | frames->control[1]);
  /* RFC 6455 section 5.5.1: the same code goes back. */
  send_control(core, HUB_WS_CLOSE, frames->control, frames->control_length < 2 ? 0 : 2);
  core->ended_by = code;
  begin_message(core);
  for (uint8_t index = 2; index < frames->control_length; index += 1) {
    if (!hub_walk_take(&core->walk, (char)frames->control[index])) break;
  }
  core->hint_ms = clamped(core->frame.numbers[RETRY_AFTER], 86400000);
  if (code == 1000 && core->leaves) {
    core->done = true;
    wait_for(core, 0);
  } else if (code == 4400 || code == 4401 || code == 4403) {
    wait_long(core);
  } else if (code == 4409 || code == 4429) {
    wait_for(core, (core->hint_ms > MINUTE_MS ? core->hint_ms : MINUTE_MS) + (uint64_t)backoff(core));
  } else if (code == 1012 && !core->has_drain_slot) {
    wait_for(core, core->hint_ms);
  } else {
    fail(core);
    return;
  }
  core->hint_ms = 0;
}

/* ---- the link ---------------------------------------------------------------------------------------------------- */

bool hub_wants_link(const hub *core) {
  if (core->state == ENDING) return core->output_end > core->output_begin;
  return core->state != IDLE;
}

void hub_opened(hub *core, uint64_t up) {
  uint8_t random[16];
  char key[HUB_WS_KEY + 1];
  hub_writer writer;
  core->now = core->heard_at = up;
  if (core->state != LINKING) return;
  for (uint8_t index = 0; index < 16; index += 1) random[index] = (uint8_t)random32(core);
  hub_ws_key(random, key);
  core->output_begin = core->output_end = 0;
  core->with_fresh = core->fresh[0] != '\0' && !core->fresh_refused;
  hub_writer_begin(&writer, (char *)core->config.output, core->config.output_size);
  hub_ws_request(&writer, core->config.host, "/v1/device", core->config.id, core->with_fresh ? core->fresh : core->secret, key,
                 core->config.cbor == NULL ? "hub.v1.json" : "hub.v1.cbor");
  core->output_end = hub_writer_end(&writer);
  hub_ws_answer_begin(&core->link.answer, key);
  begin_message(core);
  core->state = UPGRADING;
  core->state_until = up + UPGRADE_MS;
}

void hub_closed(hub *core, uint64_t up) {
  core->now = up;
  core->output_begin = core->output_end = 0;
  if (core->state == REFUSED) refused(core);
  else if (core->state != IDLE && core->state != ENDING) fail(core);
  core->state = IDLE;
}

static void say_hello(hub *core) {
  hub_writer writer = begin_frame(core);
  hub_write_raw(&writer, "{\"type\":\"hello\",\"boot\":");
  write_boot(&writer, core->boot);
  write_member(&writer, "deviceType", core->config.type);
  hub_write_name(&writer, "t1");
  hub_write_integer(&writer, (int64_t)core->now);
  if (core->config.cbor != NULL && core->config.cbor->layout != NULL) write_member(&writer, "layout", core->config.cbor->layout);
  if (core->config.firmware != NULL) write_member(&writer, "firmware", core->config.firmware);
  if (core->config.heartbeat_sec > 0) {
    hub_write_name(&writer, "heartbeatSec");
    hub_write_integer(&writer, core->config.heartbeat_sec);
  }
  if (core->config.memory != NULL) hub_write_raw(&writer, ",\"persistsCommands\":true");
  hub_write_raw(&writer, ",\"unresolved\":[");
  for (uint8_t index = 0; index < core->commands.count; index += 1) {
    if (core->commands.commands[index].state == HUB_COMMAND_FREE) continue;
    hub_write_comma(&writer);
    hub_write_string(&writer, core->commands.commands[index].id);
  }
  hub_write_raw(&writer, "]");
  if (core->held_rev >= 0) {
    hub_write_name(&writer, "desiredRev");
    hub_write_integer(&writer, core->held_rev);
  }
  /* Boots that had a session are known to the hub, and passed over there. */
  for (uint8_t index = 0; index < core->boot_count; index += 1) {
    if (writer.size - writer.length < 64) break;
    hub_write_raw(&writer, index == 0 ? ",\"boots\":[{\"boot\":" : ",{\"boot\":");
    write_boot(&writer, core->boots[index].boot);
    hub_write_name(&writer, "up");
    hub_write_integer(&writer, (int64_t)core->boots[index].up);
    hub_write_raw(&writer, index + 1 == core->boot_count || writer.size - writer.length < 64 ? "}]" : "}");
  }
  hub_write_raw(&writer, "}");
  core->state = WELCOMING;
  core->state_until = core->now + WELCOME_MS;
  hub_ws_frames_begin(&core->link.frames, kind_of(core));
  core->seq = core->cursor = 0;
  core->in_flight = 0;
  core->window = core->config.flight_count;
  core->data_at = core->results_at = 0;
  core->credit = core->burst = EARLY_CREDIT;
  core->per_second = 0;
  core->bye_sent = core->leaves = false;
  if (!hub_end_frame(core, &writer)) fail(core);
}

static void answer_byte(hub *core, char byte) {
  const hub_ws_progress progress = hub_ws_answer_take(&core->link.answer, byte);
  if (progress == HUB_WS_BROKEN) {
    fail(core);
  } else if (progress == HUB_WS_HEAD_ENDED) {
    if (core->link.answer.status != 101) {
      core->ended_by = core->link.answer.status;
      core->state = REFUSED;
    } else if (core->link.answer.accepted) {
      say_hello(core);
    } else {
      fail(core);
    }
  }
}

/* The body of a refusal says which of several reasons it is; it may come in chunks, whose lengths are no JSON. */
static void refusal_byte(hub *core, char byte) {
  if (core->walk.depth == 0 && byte != '{' && !hub_walk_is_whole(&core->walk)) return;
  if (!hub_walk_take(&core->walk, byte) || hub_walk_is_whole(&core->walk)) refused(core);
}

static void frame_byte(hub *core, uint8_t byte) {
  bool ended;
  hub_ws_frames *frames = &core->link.frames;
  const bool before = frames->in_message;
  const hub_ws_event event = hub_ws_frames_take(frames, byte, &ended);
  if (frames->in_message && !before) begin_message(core);
  if (event == HUB_WS_FAULT) {
    static const uint8_t protocol_error[2] = {1002 >> 8, 1002 & 0xFF};
    send_control(core, HUB_WS_CLOSE, protocol_error, 2);
    fail(core);
  } else if (event == HUB_WS_CONTROL) {
    if (frames->opcode == HUB_WS_PING) send_control(core, HUB_WS_PONG, frames->control, frames->control_length);
    else if (frames->opcode == HUB_WS_CLOSE) close_came(core);
  } else {
    if (event == HUB_WS_PAYLOAD) {
      if (core->config.cbor == NULL) hub_walk_take(&core->walk, (char)byte);
      else core->config.cbor->take(core->config.cbor, &core->walk, byte);
    }
    if (ended) frame_ended(core);
  }
}

size_t hub_take(hub *core, uint64_t up, const uint8_t *bytes, size_t length) {
  size_t taken = 0;
  core->now = up;
  if (length > 0) core->heard_at = up;
  while (taken < length) {
    /* One byte may make one answer. */
    if (core->state >= WELCOMING && core->state != ENDING && room(core) < ANSWER_ROOM) break;
    const uint8_t byte = bytes[taken];
    taken += 1;
    if (core->state == UPGRADING) answer_byte(core, (char)byte);
    else if (core->state == REFUSED) refusal_byte(core, (char)byte);
    else if (core->state == WELCOMING || core->state == OPEN) frame_byte(core, byte);
  }
  return taken;
}

/* ---- step -------------------------------------------------------------------------------------------------------- */

void hub_bye(hub *core, uint32_t sleep_sec) {
  core->says_bye = true;
  core->bye_sleep_sec = sleep_sec;
}

void hub_wake(hub *core) {
  core->says_bye = core->done = false;
}

bool hub_is_done(const hub *core) {
  return core->done;
}

uint16_t hub_ended_by(const hub *core) {
  return core->ended_by;
}

void hub_write_credential(const hub *core, hub_writer *writer) {
  hub_ws_credential(writer, core->config.id, core->secret);
}

bool hub_is_open(const hub *core) {
  return core->state == OPEN;
}

const hub_counters *hub_counts(const hub *core) {
  return &core->counters;
}

static void say_bye(hub *core) {
  hub_writer writer = begin_frame(core);
  hub_write_raw(&writer, "{\"type\":\"bye\"");
  if (core->leaves && core->bye_sleep_sec > 0) {
    hub_write_name(&writer, "sleepSec");
    hub_write_integer(&writer, core->bye_sleep_sec);
  }
  hub_write_raw(&writer, "}");
  core->bye_sent = hub_end_frame(core, &writer);
  core->state_until = core->now + BYE_MS;
}

static bool has_commands(const hub *core) {
  for (uint8_t index = 0; index < core->commands.count; index += 1) {
    if (core->commands.commands[index].state != HUB_COMMAND_FREE) return true;
  }
  return false;
}

static void step_open(hub *core) {
  if (core->now - core->heard_at > core->heartbeat_ms + core->grace_ms) {
    /* Nothing goes through: what is owed is not waited for. */
    core->output_begin = core->output_end = 0;
    fail(core);
    return;
  }
  if (core->bye_sent) {
    if (core->now >= core->state_until) fail(core);
    return;
  }
  /* `received` goes first: what begins may take its time. */
  if (send_answers(core)) run_commands(core);
  send_answers(core);
  if (core->owes_report && core->now >= core->results_at && send_report(core)) core->owes_report = false;
  tell_part(core, HUB_MAY_SEND);
  if (core->now >= core->beat_at) {
    hub_writer writer = begin_frame(core);
    hub_write_raw(&writer, "{\"type\":\"heartbeat\",\"t1\":");
    hub_write_integer(&writer, (int64_t)core->now);
    hub_write_raw(&writer, "}");
    if (hub_end_frame(core, &writer)) core->beat_at = core->now + core->heartbeat_ms * 8 / 10;
  }
  if (core->has_drain_slot) {
    /* A hub that goes away closes within 2.5 s; one that does not is left when the slot has come. */
    if (core->now >= core->drain_slot + DRAIN_MS) fail(core);
    return;
  }
  const bool all_sent = send_readings(core);
  core->leaves = core->says_bye && all_sent && !core->owes_report && !core->reconnects && !has_commands(core);
  if (core->reconnects || core->leaves) {
    core->reconnects = false;
    say_bye(core);
  }
}

static uint32_t until(const hub *core, uint64_t at, uint32_t most) {
  if (at <= core->now) return 0;
  return at - core->now < most ? (uint32_t)(at - core->now) : most;
}

static uint32_t next_step(const hub *core) {
  uint32_t wait = LONGEST_STEP_MS;
  if (core->state == IDLE) return core->done ? wait : until(core, core->wait_until, wait);
  if (core->state != OPEN) return until(core, core->state_until, wait);
  wait = until(core, core->beat_at, wait);
  wait = until(core, core->heard_at + core->heartbeat_ms + core->grace_ms + 1, wait);
  if (core->bye_sent) return until(core, core->state_until, wait);
  if (core->data_at > core->now) wait = until(core, core->data_at, wait);
  if (core->results_at > core->now) wait = until(core, core->results_at, wait);
  /* Readings wait for the rate: a thousandth of a second brings `per_second` thousandths. */
  if (core->credit < 1000 && core->per_second > 0) {
    const uint32_t rate_ms = (1000 - core->credit) / core->per_second + 1;
    if (rate_ms < wait) wait = rate_ms;
  }
  return wait;
}

uint32_t hub_step(hub *core, uint64_t up) {
  core->now = up;
  if (core->state == IDLE && !core->done && up >= core->wait_until) {
    core->state = LINKING;
    core->ended_by = 0;
    core->state_until = up + LINK_MS;
  } else if (core->state == OPEN) {
    step_open(core);
  } else if (core->state == WELCOMING && up < core->state_until) {
    send_readings(core);
  } else if (core->state != IDLE && up >= core->state_until) {
    if (core->state == REFUSED) refused(core);
    else if (core->state != ENDING) fail(core);
    core->output_begin = core->output_end = 0;
  }
  return next_step(core);
}
