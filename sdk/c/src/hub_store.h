/*
 * Where readings wait until the hub has stored them, and what else outlives a loss of power. The core knows two ports; what is
 * behind them is yours. hub_flash.h has both for NOR flash, for a file, and for RAM.
 */
#ifndef HUB_STORE_H
#define HUB_STORE_H

#include "hub_json.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A queue of records, numbered from 1 and rising. What a call has done outlives a loss of power right after it. */
typedef struct {
  void *context;
  /* Puts a record, in two parts, at the end. Returns its number; 0 when there is no room. */
  uint32_t (*append)(void *context, const void *head, size_t head_length, const void *body, size_t body_length);
  /* The number of the first record behind this one that is there; 0 when there is none. */
  uint32_t (*next)(void *context, uint32_t number);
  /* Copies the record. Returns its length; 0 when it is not there, is damaged, or is longer than `size`. */
  size_t (*read)(void *context, uint32_t number, void *record, size_t size);
  void (*drop)(void *context, uint32_t number);
} hub_store;

/* A few small values by number. `save` replaces the whole value or leaves the old one; length 0 forgets it. */
typedef struct {
  void *context;
  bool (*save)(void *context, uint8_t slot, const void *value, size_t length);
  /* Returns the length; 0 when there is none, or it is longer than `size`. */
  size_t (*load)(void *context, uint8_t slot, void *value, size_t size);
} hub_memory;

#ifdef __cplusplus
}
#endif

#endif
