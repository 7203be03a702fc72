/* Commands: never late, never twice, answered until the hub has the answer. Part of the core; the firmware calls hub_core.h. */
#ifndef HUB_CMD_H
#define HUB_CMD_H

#include "hub_outcome.h"
#include "hub_store.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The longest parameters, and the longest output or error, of a command, as JSON with a NUL. Longer parameters are rejected. */
#ifndef HUB_COMMAND_DATA
#define HUB_COMMAND_DATA 160
#endif
#define HUB_COMMAND_ID 64

typedef enum { HUB_COMMAND_FREE, HUB_COMMAND_WAITING, HUB_COMMAND_BEGUN, HUB_COMMAND_ENDED } hub_command_state;

typedef enum {
  HUB_RESULT_SUCCEEDED,
  HUB_RESULT_FAILED,
  HUB_RESULT_REJECTED,
  HUB_RESULT_EXPIRED,
  HUB_RESULT_CANCELLED
} hub_result;

/* One command that the hub has not acked yet. */
typedef struct {
  uint8_t state;
  uint8_t result;
  /* To be sent in this session. */
  bool owes_received;
  bool owes_result;
  /* Whether `data` is an output; an error otherwise. */
  bool is_output;
  char id[HUB_COMMAND_ID + 1];
  char name[HUB_COMMAND_ID + 1];
  uint16_t length;
  /* Parameters first; from the end on, output or error. */
  char data[HUB_COMMAND_DATA];
  int64_t deadline;
  uint64_t arrived;
  uint64_t ttl;
} hub_command;

/* An id whose command must not run: its hash, and in the lowest bit whether it was cancelled. */
typedef uint64_t hub_refused_id;

typedef struct {
  hub_command *commands;
  uint8_t count;
  hub_refused_id *refused;
  uint16_t refused_count;
  uint16_t refused_next;
  const hub_memory *memory;
} hub_commands;

/* Loads what outlived the last boot. What had not ended then has failed: nobody knows how far it came. */
void hub_commands_begin(hub_commands *commands);
hub_command *hub_commands_find(hub_commands *commands, const char *id);
/* A place for one more; NULL when all are taken. */
hub_command *hub_commands_free(hub_commands *commands);
/* Stores the id, so that the command is known after a loss of power. False when the memory refuses. */
bool hub_commands_keep(hub_commands *commands, const hub_command *command);
void hub_command_end(hub_commands *commands, hub_command *command, hub_result result, const char *data, size_t length,
                     bool is_output);
/* The hub has the result: forget it, but not its id. */
void hub_commands_settle(hub_commands *commands, hub_command *command);
void hub_commands_refuse(hub_commands *commands, const char *id, bool cancelled);
/* Whether the id was refused. */
bool hub_commands_is_refused(const hub_commands *commands, const char *id, bool *cancelled);

#ifdef __cplusplus
}
#endif

#endif
