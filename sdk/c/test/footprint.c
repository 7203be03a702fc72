/*
 * The least firmware there can be, linked for a Cortex-M4 without a C library, so that its size is that of the SDK: `core` uses
 * a store of its own, `whole` the ring on flash too, `binary` frames in CBOR, `updates` new firmware. It does nothing.
 */
#include "hub_cbor.h"
#include "hub_core.h"
#include "hub_flash.h"
#include "hub_update.h"

/* State of the SDK; buffers, which the firmware chooses, are apart. */
hub state_core;
#ifdef WHOLE
hub_flash_ring state_readings;
hub_flash_ring state_values;
#endif

#ifdef BINARY
hub_cbor state_cbor;
#endif

#ifdef UPDATES
hub_update state_update;

static void on_update(void *context, const hub_offer *offer) {
  (void)context;
  if (offer != NULL) hub_update_say(&state_update, HUB_UPDATE_DOWNLOADING, 0, NULL);
}
#endif

static uint8_t output[1024];
static hub_flight flights[8];
static hub_command commands[2];
static hub_refused_id refused[32];

extern uint32_t port_random(void *context);
extern const hub_store port_store;
extern const hub_flash port_flash;
extern uint64_t port_uptime(void);
extern size_t port_receive(uint8_t *bytes, size_t size);
extern size_t port_send(const uint8_t *bytes, size_t size);

static void on_command(void *context, hub *core, const hub_command *command, hub_outcome *outcome) {
  (void)context;
  (void)core;
  (void)command;
  outcome->status = HUB_SUCCEEDED;
}

void _start(void) {
  uint8_t input[64];
  hub_config config = {0};
#ifdef WHOLE
  hub_flash_open(&state_readings, &port_flash);
  hub_flash_open(&state_values, &port_flash);
  const hub_store store = hub_flash_store(&state_readings);
  const hub_memory memory = hub_flash_memory(&state_values);
  config.store = &store;
  config.memory = &memory;
#else
  config.store = &port_store;
#endif
  config.host = config.id = config.secret = config.type = "x";
  config.random = port_random;
  config.output = output;
  config.output_size = sizeof output;
  config.flights = flights;
  config.flight_count = 8;
  config.commands = commands;
  config.command_count = 2;
  config.refused = refused;
  config.refused_count = 32;
  config.on_command = on_command;
#ifdef BINARY
  hub_cbor_begin(&state_cbor, NULL);
  config.cbor = &state_cbor.format;
#endif
#ifdef UPDATES
  hub_update_begin(&state_update, on_update, NULL);
  config.part = &state_update.part;
#endif
  hub_begin(&state_core, &config, port_uptime());
  for (;;) {
    size_t length;
    const uint64_t up = port_uptime();
    hub_measure(&state_core, up, "env", "{}");
    hub_report(&state_core, up, "leak", HUB_WARNING, NULL);
    hub_answer(&state_core, "c-1", HUB_SUCCEEDED, NULL, NULL);
    hub_progress(&state_core, "c-1", 10, NULL);
    hub_bye(&state_core, 10);
    hub_step(&state_core, up);
    if (!hub_wants_link(&state_core)) hub_closed(&state_core, up);
    else hub_opened(&state_core, up);
    hub_take(&state_core, up, input, port_receive(input, sizeof input));
    const uint8_t *bytes = hub_output(&state_core, &length);
    hub_sent(&state_core, port_send(bytes, length));
  }
}

/* What the linker needs for structs that are copied or cleared. */
void *memcpy(void *to, const void *from, size_t length) {
  for (size_t index = 0; index < length; index += 1) ((volatile uint8_t *)to)[index] = ((const uint8_t *)from)[index];
  return to;
}

void *memset(void *to, int value, size_t length) {
  for (size_t index = 0; index < length; index += 1) ((volatile uint8_t *)to)[index] = (uint8_t)value;
  return to;
}
