/* Of Zephyr, as much as the port uses, so that the tests can compile it. */
#include <stdint.h>
uint32_t sys_rand32_get(void);
