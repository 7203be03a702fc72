/*
 * The session of a device with the hub: see schemas/README.md for the protocol and its rules, sdk/README.md for the names.
 *
 * The core opens no socket, reads no clock and allocates nothing. A port (ports/) asks it what it wants and tells it what
 * happened; with one of the ports there, the firmware calls hub_begin, hub_measure and the port's own step.
 */
#ifndef HUB_CORE_H
#define HUB_CORE_H

#include "hub_cmd.h"
#include "hub_json.h"
#include "hub_store.h"
#include "hub_walk.h"
#include "hub_ws.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Longer secrets are not taken; those that the hub makes have 43 characters. */
#ifndef HUB_SECRET
#define HUB_SECRET 64
#endif
#define HUB_BOOTS 8
/* The smallest output buffer. It also bounds the readings: one needs about 150 bytes more than its data. */
#define HUB_OUTPUT_MIN 640

typedef enum { HUB_INFO, HUB_WARNING, HUB_CRITICAL } hub_severity;

typedef enum { HUB_LOG_DEBUG, HUB_LOG_INFO, HUB_LOG_WARNING, HUB_LOG_ERROR } hub_log_level;

typedef struct hub hub;

/* What a part beside the core is told: hub_update.h is one. The walk and the frame of the core are its to read. */
typedef enum { HUB_FRAME_BEGINS, HUB_FRAME_TEXT, HUB_FRAME_NUMBER, HUB_FRAME_FLAG, HUB_FRAME_ENDED, HUB_MAY_SEND } hub_part_event;

typedef struct hub_part hub_part;

struct hub_part {
  /* A value of a frame of the hub, or its end; frames of an open session and its welcome only. HUB_MAY_SEND: there may be room. */
  void (*take)(hub_part *part, hub *core, hub_part_event what);
};

/* A data frame that was sent and is not settled. */
typedef struct {
  /* 0: refused for now, to be sent again. */
  uint32_t seq;
  uint32_t record;
} hub_flight;

typedef struct {
  /* As registered: `HOST:PORT` for the upgrade request, id, secret, `env-sensor@1`. */
  const char *host;
  const char *id;
  const char *secret;
  const char *type;
  /* NULL: not said. */
  const char *firmware;
  /* 0: that of the type. */
  uint32_t heartbeat_sec;
  void *context;
  /* 32 random bits; not the same after each boot. */
  uint32_t (*random)(void *context);
  /* Where readings wait. */
  const hub_store *store;
  /* Outlives a loss of power: secrets and commands. NULL: neither does. */
  const hub_memory *memory;
  /* When the store is full: true drops the oldest reading, false refuses the new one. Both are counted. */
  bool drops_oldest;
  /* Binary frames: `&cbor.format` of a hub_cbor, see hub_cbor.h; the output must be three times as long then. NULL: JSON. */
  hub_frame_format *cbor;
  /* What else the device does with the hub: `&update.part` of a hub_update, see hub_update.h. NULL: nothing. */
  hub_part *part;
  /* Buffers; their sizes are yours to choose. */
  uint8_t *output;
  size_t output_size;
  /* As many readings may be under way. */
  hub_flight *flights;
  uint16_t flight_count;
  hub_command *commands;
  uint8_t command_count;
  /* Ids of commands that must not run (any more). At least as many as may come within the longest ttlSec of your type. */
  hub_refused_id *refused;
  uint16_t refused_count;
  /*
   * Carries out a command, called by hub_step only. Fill `outcome`, whose error is NULL and whose output is empty; or set HUB_RUNNING and call
   * hub_answer later. NULL rejects them all.
   */
  void (*on_command)(void *context, hub *core, const hub_command *command, hub_outcome *outcome);
  /* The hub refused a reading or a result for good: its code, and the place and the rule of the first fault, perhaps empty. */
  void (*on_refused)(void *context, const char *code, const char *path, const char *rule);
  /* A buffer for the desired state of the twin, as long as its longest JSON, at most 16,385; NULL: the type has none. */
  char *desired;
  size_t desired_size;
  /*
   * What the device should hold: JSON, whole; what it does not name is back at the device's default. Called by hub_take. Take what
   * you can, and call hub_reported, now or later.
   */
  void (*on_desired)(void *context, hub *core, const char *state, size_t length);
  /* A message; `data` is JSON. Called by hub_take. NULL: they are ignored. */
  void (*on_notice)(void *context, const char *topic, const char *data, size_t length);
} hub_config;

typedef struct {
  uint32_t measured;
  uint32_t sent;
  /* Stored by the hub. */
  uint32_t settled;
  /* Refused by the hub for good. */
  uint32_t refused;
  /* Not taken, or dropped, because the store was full, or too long for the output. */
  uint32_t lost;
  uint32_t sessions;
} hub_counters;

typedef struct {
  uint64_t boot;
  uint64_t up;
} hub_ended_boot;

/* Members are the core's own; read them through the functions below. */
struct hub {
  hub_config config;
  hub_commands commands;
  hub_counters counters;
  uint8_t state;
  bool done;
  bool says_bye;
  bool bye_sent;
  /* The bye that was sent is the one that the firmware wants. */
  bool leaves;
  bool reconnects;
  bool with_fresh;
  bool fresh_refused;
  bool has_drain_slot;
  uint32_t bye_sleep_sec;
  uint64_t boot;
  hub_ended_boot boots[HUB_BOOTS];
  uint8_t boot_count;
  uint64_t now;
  /* When the newest reading was taken, which streams had one then, and how often they began anew. */
  uint64_t moment;
  uint32_t moment_streams;
  uint32_t moment_round;
  uint64_t wait_until;
  uint64_t state_until;
  uint64_t heard_at;
  uint64_t beat_at;
  uint64_t data_at;
  uint64_t results_at;
  uint64_t drain_slot;
  uint32_t hint_ms;
  uint16_t ended_by;
  uint32_t limit_ms;
  uint32_t backoff_max_ms;
  uint32_t heartbeat_ms;
  uint32_t grace_ms;
  uint32_t seq;
  uint32_t cursor;
  uint16_t in_flight;
  uint16_t window;
  /* Data frames that may leave at once, and how fast their number grows, in thousandths. */
  uint32_t credit;
  uint32_t burst;
  uint32_t per_second;
  uint64_t credit_at;
  int64_t offsets[8];
  uint8_t offset_count;
  uint8_t offset_next;
  /* Revisions of the desired state: the newest, that of the report, and that of which the hub knows; -1: none. */
  int64_t desired_rev;
  int64_t reported_rev;
  int64_t held_rev;
  const char *reported;
  const char *reported_error;
  uint32_t report_number;
  bool owes_report;
  bool report_is_acked;
  size_t output_begin;
  size_t output_end;
  char secret[HUB_SECRET + 1];
  char fresh[HUB_SECRET + 1];
  union {
    hub_ws_answer answer;
    hub_ws_frames frames;
  } link;
  hub_walk walk;
  /* What the walk has found in the frame so far. */
  struct {
    uint32_t has;
    char type[12];
    char id[HUB_COMMAND_ID + 1];
    char name[HUB_COMMAND_ID + 1];
    char code[20];
    char path[40];
    char rule[20];
    char secret[HUB_SECRET + 1];
    int64_t numbers[16];
    bool retry;
    hub_command *place;
  } frame;
};

/* ---- for the firmware -------------------------------------------------------------------------------------------- */

/* False when a setting is missing or a buffer too small. */
bool hub_begin(hub *core, const hub_config *config, uint64_t up);
/*
 * Puts a reading into the store, with the time `up` (ms since boot, counting sleep): `data` is a JSON object. It is sent when
 * there is room, and kept until it is settled. False when the store is full.
 */
bool hub_measure(hub *core, uint64_t up, const char *stream, const char *data);
/* The same for an event. `data` may be NULL. */
bool hub_report(hub *core, uint64_t up, const char *name, hub_severity severity, const char *data);
/*
 * A line for the log of the device, if its type has `"logs": true`; `msg` of at most 1,000 bytes, `tag` of 64, or NULL. It is sent at
 * once or not at all: false when there is no session, no room, or readings wait for the rate. The hub takes five a second.
 */
bool hub_log(hub *core, uint64_t up, hub_log_level level, const char *msg, const char *tag);
/* A command has ended that was left HUB_RUNNING. `output`: JSON, or NULL. False when there is no such command. */
bool hub_answer(hub *core, const char *id, hub_status status, const char *output, const char *error);
/*
 * What holds on the device now, all of it, as JSON: after a desired state, at the first start and when something changes. The text must
 * stay as it is until the next call, because it is sent in each session until the hub has it. `error`, or NULL: why the newest
 * desired state could not be taken.
 */
void hub_reported(hub *core, const char *state, const char *error);
/* `percent` below 0: not said. `note` may be NULL. False when it could not be sent now; nobody needs it later. */
bool hub_progress(hub *core, const char *id, int percent, const char *note);
/* Say goodbye when everything is sent; `sleep_sec` 0: for an unknown time. hub_is_done is true when the hub has it all. */
void hub_bye(hub *core, uint32_t sleep_sec);
bool hub_is_done(const hub *core);
/* After hub_is_done, when the device goes on without a reboot. */
void hub_wake(hub *core);
/* Why the hub ended the last link: the status of its HTTP answer, such as 401, or its close code, such as 4409. 0: it did not say. */
uint16_t hub_ended_by(const hub *core);
/* The device's id and its newest secret in base64, for another request to the hub: `Authorization: Basic …`. */
void hub_write_credential(const hub *core, hub_writer *writer);
/* The session is open. */
bool hub_is_open(const hub *core);
/* The hub's clock, Unix ms; 0 before the first welcome of this boot. May be early by as much as a message takes, and never late. */
int64_t hub_time(const hub *core, uint64_t up);
const hub_counters *hub_counts(const hub *core);

/* ---- for the port ------------------------------------------------------------------------------------------------ */

/* For a part: a frame `{"type":"…","re":"…"`, to be written to its end. hub_end_frame is false when it did not fit, and sends nothing then. */
hub_writer hub_begin_answer(hub *core, const char *type, const char *re);
bool hub_end_frame(hub *core, hub_writer *writer);

/* Does what is due. Returns how long nothing will be, ms; call it again then, or when something has happened. */
uint32_t hub_step(hub *core, uint64_t up);
/* Whether there should be a link (TCP with TLS) now. */
bool hub_wants_link(const hub *core);
/* The link that was wanted is open. */
void hub_opened(hub *core, uint64_t up);
/* The link is gone, or could not be opened. */
void hub_closed(hub *core, uint64_t up);
/* Bytes from the hub. Returns how many were taken; the rest is to be given again when there is less output. */
size_t hub_take(hub *core, uint64_t up, const uint8_t *bytes, size_t length);
/* Bytes for the hub; then how many of them have been sent. */
const uint8_t *hub_output(const hub *core, size_t *length);
void hub_sent(hub *core, size_t length);

#ifdef __cplusplus
}
#endif

#endif
