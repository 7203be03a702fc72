/* Of ESP-IDF, as much as the port uses, so that the tests can compile it. */
#include <stdint.h>
uint32_t esp_random(void);
