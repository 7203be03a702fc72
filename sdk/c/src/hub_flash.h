/*
 * Both ports of hub_store.h in a ring of sectors of NOR flash, or of anything that can play it: a file, RAM. Power may be lost
 * at every write: a record is there whole or not at all.
 */
#ifndef HUB_FLASH_H
#define HUB_FLASH_H

#include "hub_store.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What the ring lies on. `program` clears bits and sets none, as NOR flash does. */
typedef struct {
  void *context;
  uint32_t sector_size;
  /* Two at least. */
  uint32_t sectors;
  bool (*read)(void *context, uint32_t address, void *bytes, size_t length);
  bool (*program)(void *context, uint32_t address, const void *bytes, size_t length);
  bool (*erase)(void *context, uint32_t sector);
  /* Returns when all of it is there to stay, in the order in which it was done; NULL where that is so anyway. */
  bool (*sync)(void *context);
} hub_flash;

typedef struct {
  uint32_t sector;
  uint32_t offset;
  uint32_t number;
} hub_flash_cursor;

typedef struct {
  const hub_flash *flash;
  uint32_t head;
  uint32_t offset;
  uint32_t sequence;
  uint32_t next_number;
  /* Where the last searches ended: records are read, and dropped, in order. */
  hub_flash_cursor cursors[2];
} hub_flash_ring;

/* Finds what is on the flash; empties it when that is not a ring. False when the flash does not work. */
bool hub_flash_open(hub_flash_ring *ring, const hub_flash *flash);
/* The ring as a queue of readings. */
hub_store hub_flash_store(hub_flash_ring *ring);
/* The ring as a memory; its values together must fit into half a sector. Not the ring of the readings. */
hub_memory hub_flash_memory(hub_flash_ring *ring);

/* The longest value of a memory. */
#define HUB_FLASH_VALUE 512

/* Flash in RAM, for a device that need not outlive a loss of power; erased when it is made. */
typedef struct {
  hub_flash flash;
  uint8_t *bytes;
} hub_ram;

void hub_ram_begin(hub_ram *ram, uint8_t *bytes, uint32_t sector_size, uint32_t sectors);

#ifdef __cplusplus
}
#endif

#endif
