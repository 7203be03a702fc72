#include "hub_cmd.h"

/* Slots of the memory below it are the core's. */
#define FIRST_SLOT 8
#define REFUSED_SLOT 7
/* So many of the ids that must not run outlive a loss of power, the newest: a value of a memory is small. */
#define KEPT_REFUSED 16

/* A command as it is kept: state, result, kind, length of the id, id, data. */
#define KEPT_HEAD 4

static uint8_t slot_of(const hub_commands *commands, const hub_command *command) {
  return (uint8_t)(FIRST_SLOT + (command - commands->commands));
}

static void keep_refused(const hub_commands *commands) {
  hub_refused_id kept[KEPT_REFUSED];
  const uint16_t count = commands->refused_count < KEPT_REFUSED ? commands->refused_count : KEPT_REFUSED;
  uint16_t at = commands->refused_next;
  for (uint16_t index = 0; index < count; index += 1) {
    at = (uint16_t)((at == 0 ? commands->refused_count : at) - 1);
    kept[index] = commands->refused[at];
  }
  if (commands->memory != NULL) commands->memory->save(commands->memory->context, REFUSED_SLOT, kept, count * sizeof kept[0]);
}

static void load_refused(hub_commands *commands) {
  hub_refused_id kept[KEPT_REFUSED];
  const size_t length = commands->memory->load(commands->memory->context, REFUSED_SLOT, kept, sizeof kept);
  for (size_t index = length / sizeof kept[0]; index > 0 && commands->refused_count > 0; index -= 1) {
    commands->refused[commands->refused_next] = kept[index - 1];
    commands->refused_next = (uint16_t)((commands->refused_next + 1) % commands->refused_count);
  }
}

void hub_commands_begin(hub_commands *commands) {
  commands->refused_next = 0;
  for (uint16_t index = 0; index < commands->refused_count; index += 1) commands->refused[index] = 0;
  if (commands->memory != NULL) load_refused(commands);
  for (uint8_t index = 0; index < commands->count; index += 1) {
    hub_command *command = &commands->commands[index];
    uint8_t kept[KEPT_HEAD + HUB_COMMAND_ID + HUB_COMMAND_DATA];
    *command = (hub_command){0};
    if (commands->memory == NULL) continue;
    const size_t length = commands->memory->load(commands->memory->context, slot_of(commands, command), kept, sizeof kept);
    if (length < KEPT_HEAD || kept[3] > HUB_COMMAND_ID || length < (size_t)KEPT_HEAD + kept[3]) continue;
    for (uint8_t at = 0; at < kept[3]; at += 1) command->id[at] = (char)kept[KEPT_HEAD + at];
    command->state = kept[0];
    command->result = kept[1];
    command->is_output = kept[2] != 0;
    command->length = (uint16_t)(length - KEPT_HEAD - kept[3]);
    for (uint16_t at = 0; at < command->length; at += 1) command->data[at] = (char)kept[KEPT_HEAD + kept[3] + at];
    if (command->state != HUB_COMMAND_ENDED) {
      static const char why[] = "the device rebooted before it ended";
      hub_command_end(commands, command, HUB_RESULT_FAILED, why, sizeof why - 1, false);
    }
  }
}

hub_command *hub_commands_find(hub_commands *commands, const char *id) {
  for (uint8_t index = 0; index < commands->count; index += 1) {
    hub_command *command = &commands->commands[index];
    if (command->state != HUB_COMMAND_FREE && hub_equal(command->id, id)) return command;
  }
  return NULL;
}

hub_command *hub_commands_free(hub_commands *commands) {
  for (uint8_t index = 0; index < commands->count; index += 1) {
    if (commands->commands[index].state == HUB_COMMAND_FREE) return &commands->commands[index];
  }
  return NULL;
}

bool hub_commands_keep(hub_commands *commands, const hub_command *command) {
  uint8_t kept[KEPT_HEAD + HUB_COMMAND_ID + HUB_COMMAND_DATA];
  if (commands->memory == NULL) return true;
  size_t length = KEPT_HEAD;
  kept[0] = command->state;
  kept[1] = command->result;
  kept[2] = command->is_output ? 1 : 0;
  kept[3] = (uint8_t)hub_length(command->id);
  for (uint8_t at = 0; at < kept[3]; at += 1) kept[length++] = (uint8_t)command->id[at];
  /* Parameters need not outlive the power: the command does not run again. */
  const uint16_t data = command->state == HUB_COMMAND_ENDED ? command->length : 0;
  for (uint16_t at = 0; at < data; at += 1) kept[length++] = (uint8_t)command->data[at];
  return commands->memory->save(commands->memory->context, slot_of(commands, command), kept, length);
}

void hub_command_end(hub_commands *commands, hub_command *command, hub_result result, const char *data, size_t length,
                     bool is_output) {
  command->state = HUB_COMMAND_ENDED;
  command->result = (uint8_t)result;
  command->is_output = is_output;
  command->owes_received = false;
  command->owes_result = true;
  /* An error may be cut, an output that is cut is no JSON. */
  if (length >= HUB_COMMAND_DATA && is_output) {
    static const char why[] = "the output is longer than HUB_COMMAND_DATA";
    command->result = HUB_RESULT_FAILED;
    command->is_output = false;
    data = why;
    length = sizeof why - 1;
  }
  if (length >= HUB_COMMAND_DATA) length = HUB_COMMAND_DATA - 1;
  command->length = (uint16_t)length;
  for (size_t at = 0; at < length; at += 1) command->data[at] = data[at];
  command->data[length] = '\0';
  hub_commands_keep(commands, command);
}

void hub_commands_settle(hub_commands *commands, hub_command *command) {
  hub_commands_refuse(commands, command->id, false);
  command->state = HUB_COMMAND_FREE;
  if (commands->memory != NULL) commands->memory->save(commands->memory->context, slot_of(commands, command), NULL, 0);
}

/* FNV-1a; two ids with one hash would only refuse a command that could have run. The lowest bit is for `cancelled`. */
static hub_refused_id hash_of(const char *id) {
  uint64_t hash = UINT64_C(0xCBF29CE484222325);
  for (; *id != '\0'; id += 1) hash = (hash ^ (uint8_t)*id) * UINT64_C(0x100000001B3);
  return hash | 2u;
}

void hub_commands_refuse(hub_commands *commands, const char *id, bool cancelled) {
  bool before;
  if (commands->refused_count == 0 || hub_commands_is_refused(commands, id, &before)) return;
  commands->refused[commands->refused_next] = (hash_of(id) & ~UINT64_C(1)) | (cancelled ? 1u : 0u);
  commands->refused_next = (uint16_t)((commands->refused_next + 1) % commands->refused_count);
  keep_refused(commands);
}

bool hub_commands_is_refused(const hub_commands *commands, const char *id, bool *cancelled) {
  const hub_refused_id hash = hash_of(id) & ~UINT64_C(1);
  for (uint16_t index = 0; index < commands->refused_count; index += 1) {
    if ((commands->refused[index] & ~UINT64_C(1)) != hash) continue;
    *cancelled = (commands->refused[index] & 1u) != 0;
    return true;
  }
  return false;
}
