#include "hub_flash.h"

/*
 * A sector:  magic, sequence, ~sequence, 0xFFFFFFFF; then records.
 * A record:  dropped (0xFFFFFFFF: no), number, length and ~length, CRC-32 of number, length and bytes; then the bytes, padded
 *            to four. The number is written before the bytes, and what does not have its CRC was being written when the
 *            power went.
 */
#define MAGIC UINT32_C(0x31425548)
#define HEAD 16u
#define BLANK UINT32_C(0xFFFFFFFF)

typedef struct {
  uint32_t dropped;
  uint32_t number;
  uint16_t length;
  uint16_t inverse;
  uint32_t crc;
} record_head;

typedef enum { RECORD, NO_MORE, GARBAGE } found;

static uint32_t crc_of(uint32_t crc, const void *bytes, size_t length) {
  const uint8_t *at = (const uint8_t *)bytes;
  for (size_t index = 0; index < length; index += 1) {
    crc ^= at[index];
    for (uint8_t bit = 0; bit < 8; bit += 1) crc = crc >> 1 ^ (crc & 1 ? UINT32_C(0xEDB88320) : 0);
  }
  return crc;
}

static uint32_t padded(uint32_t length) {
  return (length + 3) & ~UINT32_C(3);
}

static bool read_at(const hub_flash_ring *ring, uint32_t sector, uint32_t offset, void *bytes, size_t length) {
  const hub_flash *flash = ring->flash;
  return flash->read(flash->context, sector * flash->sector_size + offset, bytes, length);
}

static bool program_at(const hub_flash_ring *ring, uint32_t sector, uint32_t offset, const void *bytes, size_t length) {
  const hub_flash *flash = ring->flash;
  return length == 0 || flash->program(flash->context, sector * flash->sector_size + offset, bytes, length);
}

/* Its sequence; false when the sector is in no use. */
static bool sector_sequence(const hub_flash_ring *ring, uint32_t sector, uint32_t *sequence) {
  uint32_t head[3];
  if (!read_at(ring, sector, 0, head, sizeof head)) return false;
  *sequence = head[1];
  return head[0] == MAGIC && head[2] == ~head[1];
}

/* What stands at this place of a sector. */
static found head_at(const hub_flash_ring *ring, uint32_t sector, uint32_t offset, record_head *head) {
  if (offset + HEAD > ring->flash->sector_size) return NO_MORE;
  if (!read_at(ring, sector, offset, head, HEAD)) return GARBAGE;
  if (head->dropped == BLANK && head->number == BLANK && head->length == 0xFFFF && head->inverse == 0xFFFF &&
      head->crc == BLANK)
    return NO_MORE;
  if ((head->length ^ head->inverse) != 0xFFFF) return GARBAGE;
  return offset + HEAD + head->length <= ring->flash->sector_size ? RECORD : GARBAGE;
}

static bool is_sound(const hub_flash_ring *ring, uint32_t sector, uint32_t offset, const record_head *head) {
  uint8_t bytes[32];
  uint32_t crc = crc_of(BLANK, &head->number, 8);
  for (uint32_t done = 0; done < head->length;) {
    const uint32_t part = head->length - done < sizeof bytes ? head->length - done : (uint32_t)sizeof bytes;
    if (!read_at(ring, sector, offset + HEAD + done, bytes, part)) return false;
    crc = crc_of(crc, bytes, part);
    done += part;
  }
  return crc == head->crc;
}

static void drop_at(hub_flash_ring *ring, uint32_t sector, uint32_t offset) {
  const uint32_t dropped = 0;
  program_at(ring, sector, offset, &dropped, sizeof dropped);
}

/* Nothing but erased bytes from here to the end of the sector. */
static bool is_blank(const hub_flash_ring *ring, uint32_t sector, uint32_t offset) {
  uint8_t bytes[32];
  for (; offset < ring->flash->sector_size; offset += (uint32_t)sizeof bytes) {
    const uint32_t left = ring->flash->sector_size - offset;
    const uint32_t part = left < sizeof bytes ? left : (uint32_t)sizeof bytes;
    if (!read_at(ring, sector, offset, bytes, part)) return false;
    for (uint32_t index = 0; index < part; index += 1) {
      if (bytes[index] != 0xFF) return false;
    }
  }
  return true;
}

/* The sector behind this one in the ring that is in use; `head` when there is none before it. */
static uint32_t sector_after(const hub_flash_ring *ring, uint32_t sector) {
  uint32_t sequence;
  do {
    sector = (sector + 1) % ring->flash->sectors;
  } while (sector != ring->head && !sector_sequence(ring, sector, &sequence));
  return sector;
}

static bool begin_sector(hub_flash_ring *ring, uint32_t sector, uint32_t sequence) {
  const uint32_t head[3] = {MAGIC, sequence, ~sequence};
  if (!ring->flash->erase(ring->flash->context, sector) || !program_at(ring, sector, 0, head, sizeof head)) return false;
  ring->head = sector;
  ring->offset = HEAD;
  ring->sequence = sequence;
  for (uint8_t index = 0; index < 2; index += 1) {
    if (ring->cursors[index].sector == sector) ring->cursors[index].number = 0;
  }
  return true;
}

/* Goes through a sector: drops what was cut off, notes the greatest number. Returns where the next record can go. */
static uint32_t clean_sector(hub_flash_ring *ring, uint32_t sector) {
  record_head head;
  uint32_t offset = HEAD;
  found what;
  while ((what = head_at(ring, sector, offset, &head)) == RECORD) {
    /* The number of what was cut off may be any. */
    if (!is_sound(ring, sector, offset, &head)) drop_at(ring, sector, offset);
    else if (head.number >= ring->next_number) ring->next_number = head.number + 1;
    offset += HEAD + padded(head.length);
  }
  /* Behind garbage, and before bytes that nobody knows of, nothing is written any more. */
  return what == NO_MORE && is_blank(ring, sector, offset) ? offset : ring->flash->sector_size;
}

bool hub_flash_open(hub_flash_ring *ring, const hub_flash *flash) {
  bool any = false;
  *ring = (hub_flash_ring){0};
  ring->flash = flash;
  ring->next_number = 1;
  for (uint32_t sector = 0; sector < flash->sectors; sector += 1) {
    uint32_t sequence;
    if (!sector_sequence(ring, sector, &sequence)) continue;
    /* A sequence may wrap; the difference of two does not. */
    if (any && (int32_t)(sequence - ring->sequence) < 0) continue;
    ring->head = sector;
    ring->sequence = sequence;
    any = true;
  }
  if (!any) return begin_sector(ring, 0, 1);
  for (uint32_t sector = 0; sector < flash->sectors; sector += 1) {
    uint32_t sequence;
    if (!sector_sequence(ring, sector, &sequence)) continue;
    const uint32_t offset = clean_sector(ring, sector);
    if (sector == ring->head) ring->offset = offset;
  }
  return true;
}

/* Moves to the first record there is at the cursor or behind it. False at the end. */
static bool settle(const hub_flash_ring *ring, hub_flash_cursor *cursor, record_head *head) {
  for (;;) {
    if (head_at(ring, cursor->sector, cursor->offset, head) == RECORD) {
      if (cursor->sector != ring->head || cursor->offset < ring->offset) return true;
      return false;
    }
    if (cursor->sector == ring->head) return false;
    cursor->sector = sector_after(ring, cursor->sector);
    cursor->offset = HEAD;
  }
}

/* The first record that is there with this number or a greater one. False when there is none. */
static bool find(hub_flash_ring *ring, uint8_t which, uint32_t number, hub_flash_cursor *at, record_head *head) {
  hub_flash_cursor *known = &ring->cursors[which];
  if (known->number != 0 && known->number <= number) {
    *at = *known;
  } else {
    at->sector = sector_after(ring, ring->head);
    at->offset = HEAD;
  }
  while (settle(ring, at, head)) {
    if (head->dropped == BLANK && head->number >= number) {
      at->number = head->number;
      *known = *at;
      return true;
    }
    at->offset += HEAD + padded(head->length);
  }
  return false;
}

static bool has_records(const hub_flash_ring *ring, uint32_t sector) {
  record_head head;
  uint32_t sequence;
  if (!sector_sequence(ring, sector, &sequence)) return false;
  for (uint32_t offset = HEAD; head_at(ring, sector, offset, &head) == RECORD; offset += HEAD + padded(head.length)) {
    if (head.dropped == BLANK) return true;
  }
  return false;
}

static uint32_t append(void *context, const void *first, size_t first_length, const void *second, size_t second_length) {
  hub_flash_ring *ring = (hub_flash_ring *)context;
  const size_t length = first_length + second_length;
  record_head head = {BLANK, ring->next_number, (uint16_t)length, (uint16_t)~length, 0};
  if (length > UINT16_MAX - 1 || HEAD + HEAD + padded((uint32_t)length) > ring->flash->sector_size) return 0;
  if (ring->offset + HEAD + padded((uint32_t)length) > ring->flash->sector_size) {
    const uint32_t next = (ring->head + 1) % ring->flash->sectors;
    if (has_records(ring, next) || !begin_sector(ring, next, ring->sequence + 1)) return 0;
  }
  const uint32_t offset = ring->offset;
  head.crc = crc_of(crc_of(crc_of(BLANK, &head.number, 8), first, first_length), second, second_length);
  /* Its place is taken, whatever becomes of it. */
  ring->offset += HEAD + padded((uint32_t)length);
  if (!program_at(ring, ring->head, offset + 4, &head.number, HEAD - 4) ||
      !program_at(ring, ring->head, offset + HEAD, first, first_length) ||
      !program_at(ring, ring->head, offset + HEAD + (uint32_t)first_length, second, second_length) ||
      (ring->flash->sync != NULL && !ring->flash->sync(ring->flash->context)) || !is_sound(ring, ring->head, offset, &head)) {
    /* A worn sector: nothing more goes into it. */
    drop_at(ring, ring->head, offset);
    ring->offset = ring->flash->sector_size;
    return 0;
  }
  ring->next_number += 1;
  return head.number;
}

static uint32_t next(void *context, uint32_t number) {
  hub_flash_cursor at;
  record_head head;
  return find((hub_flash_ring *)context, 0, number + 1, &at, &head) ? head.number : 0;
}

static size_t read(void *context, uint32_t number, void *record, size_t size) {
  hub_flash_ring *ring = (hub_flash_ring *)context;
  hub_flash_cursor at;
  record_head head;
  if (!find(ring, 0, number, &at, &head) || head.number != number || head.length > size) return 0;
  if (!is_sound(ring, at.sector, at.offset, &head)) return 0;
  return read_at(ring, at.sector, at.offset + HEAD, record, head.length) ? head.length : 0;
}

static void drop(void *context, uint32_t number) {
  hub_flash_ring *ring = (hub_flash_ring *)context;
  hub_flash_cursor at;
  record_head head;
  if (find(ring, 1, number, &at, &head) && head.number == number) drop_at(ring, at.sector, at.offset);
}

hub_store hub_flash_store(hub_flash_ring *ring) {
  const hub_store store = {ring, append, next, read, drop};
  return store;
}

/* ---- memory ------------------------------------------------------------------------------------------------------ */

/*
 * A value is a record: its slot, then its bytes. Of two with one slot, the one with the greater number holds. The sector behind
 * the head is always free: when the head is full, the values of the sector after that are copied into it before anything else.
 */

/* The first value of the slot with a number greater than `after`; 0 when there is none. */
static uint32_t value_after(hub_flash_ring *ring, uint8_t slot, uint32_t after, size_t *length) {
  hub_flash_cursor at;
  record_head head;
  for (uint32_t number = after + 1; find(ring, 0, number, &at, &head); number = head.number + 1) {
    uint8_t its_slot;
    if (head.length == 0 || !read_at(ring, at.sector, at.offset + HEAD, &its_slot, 1) || its_slot != slot) continue;
    *length = head.length - 1u;
    return head.number;
  }
  return 0;
}

static uint32_t newest_value(hub_flash_ring *ring, uint8_t slot, size_t *length) {
  uint32_t newest = 0;
  for (uint32_t number = value_after(ring, slot, 0, length); number != 0; number = value_after(ring, slot, number, length))
    newest = number;
  return newest;
}

/* The values of a sector: copies them to the head, or drops them. */
static bool move_values(hub_flash_ring *ring, uint32_t sector, bool copies) {
  uint8_t value[HUB_FLASH_VALUE + 1];
  record_head head;
  for (uint32_t offset = HEAD; head_at(ring, sector, offset, &head) == RECORD; offset += HEAD + padded(head.length)) {
    if (head.dropped != BLANK) continue;
    if (!copies) {
      drop_at(ring, sector, offset);
      continue;
    }
    size_t length;
    if (head.length > sizeof value || !read_at(ring, sector, offset + HEAD, value, head.length)) return false;
    /* One that was replaced, and not dropped before the power went, must not become the newest. */
    if (newest_value(ring, value[0], &length) != head.number) continue;
    if (append(ring, value, head.length, NULL, 0) == 0) return false;
  }
  return true;
}

/* Makes room for a value of this length. */
static bool make_room(hub_flash_ring *ring, size_t length) {
  if (ring->offset + HEAD + padded((uint32_t)length) <= ring->flash->sector_size) return true;
  const uint32_t next = (ring->head + 1) % ring->flash->sectors;
  const uint32_t after = (next + 1) % ring->flash->sectors;
  if (has_records(ring, next) || !begin_sector(ring, next, ring->sequence + 1)) return false;
  return move_values(ring, after, true) && move_values(ring, after, false) &&
         ring->offset + HEAD + padded((uint32_t)length) <= ring->flash->sector_size;
}

/* The power went while values were moved into the head. */
static void finish_moving(hub_flash_ring *ring) {
  const uint32_t after = (ring->head + 1) % ring->flash->sectors;
  record_head head;
  for (uint32_t offset = HEAD; head_at(ring, after, offset, &head) == RECORD; offset += HEAD + padded(head.length)) {
    uint8_t slot;
    size_t length;
    if (head.dropped != BLANK || !read_at(ring, after, offset + HEAD, &slot, 1)) continue;
    if (newest_value(ring, slot, &length) != head.number) continue;
    /* One has no copy yet. There is nothing but copies in the head then: it is as if it had not been begun. */
    const hub_flash *flash = ring->flash;
    flash->erase(flash->context, ring->head);
    hub_flash_open(ring, flash);
    return;
  }
  move_values(ring, after, false);
}

static bool save(void *context, uint8_t slot, const void *value, size_t length) {
  hub_flash_ring *ring = (hub_flash_ring *)context;
  uint32_t newest = ring->next_number;
  size_t old_length;
  if (length > HUB_FLASH_VALUE) return false;
  if (length > 0) {
    if (!make_room(ring, length + 1)) return false;
    newest = append(ring, &slot, 1, value, length);
    if (newest == 0) return false;
  }
  for (uint32_t number = value_after(ring, slot, 0, &old_length); number != 0 && number < newest;
       number = value_after(ring, slot, number, &old_length))
    drop(ring, number);
  return true;
}

static size_t load(void *context, uint8_t slot, void *value, size_t size) {
  hub_flash_ring *ring = (hub_flash_ring *)context;
  hub_flash_cursor at;
  record_head head;
  size_t length = 0;
  const uint32_t newest = newest_value(ring, slot, &length);
  if (newest == 0 || !find(ring, 0, newest, &at, &head) || head.length - 1u > size) return 0;
  return read_at(ring, at.sector, at.offset + HEAD + 1, value, head.length - 1u) ? head.length - 1u : 0;
}

hub_memory hub_flash_memory(hub_flash_ring *ring) {
  finish_moving(ring);
  const hub_memory memory = {ring, save, load};
  return memory;
}

/* ---- RAM --------------------------------------------------------------------------------------------------------- */

static bool ram_read(void *context, uint32_t address, void *bytes, size_t length) {
  const hub_ram *ram = (const hub_ram *)context;
  for (size_t index = 0; index < length; index += 1) ((uint8_t *)bytes)[index] = ram->bytes[address + index];
  return true;
}

static bool ram_program(void *context, uint32_t address, const void *bytes, size_t length) {
  hub_ram *ram = (hub_ram *)context;
  for (size_t index = 0; index < length; index += 1) ram->bytes[address + index] &= ((const uint8_t *)bytes)[index];
  return true;
}

static bool ram_erase(void *context, uint32_t sector) {
  hub_ram *ram = (hub_ram *)context;
  const uint32_t size = ram->flash.sector_size;
  for (uint32_t index = 0; index < size; index += 1) ram->bytes[sector * size + index] = 0xFF;
  return true;
}

void hub_ram_begin(hub_ram *ram, uint8_t *bytes, uint32_t sector_size, uint32_t sectors) {
  const hub_flash flash = {ram, sector_size, sectors, ram_read, ram_program, ram_erase, NULL};
  ram->flash = flash;
  ram->bytes = bytes;
  for (uint32_t sector = 0; sector < sectors; sector += 1) ram_erase(ram, sector);
}
