/* Of Zephyr, as much as the port uses, so that the tests can compile it. */
#ifndef STUB_FLASH_MAP_H
#define STUB_FLASH_MAP_H
#include <stddef.h>
#include <sys/types.h>
struct flash_area {
  off_t fa_off;
  size_t fa_size;
};
int flash_area_read(const struct flash_area *fa, off_t off, void *dst, size_t len);
int flash_area_write(const struct flash_area *fa, off_t off, const void *src, size_t len);
int flash_area_erase(const struct flash_area *fa, off_t off, size_t len);
#endif
