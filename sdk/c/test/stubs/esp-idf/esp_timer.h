/* Of ESP-IDF, as much as the port uses, so that the tests can compile it. */
#include <stdint.h>
int64_t esp_timer_get_time(void);
