/* Of Zephyr, as much as the port uses, so that the tests can compile it. */
#include <stdint.h>
int64_t k_uptime_get(void);
int32_t k_msleep(int32_t ms);
