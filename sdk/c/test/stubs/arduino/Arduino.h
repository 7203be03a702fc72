/* Of the Arduino core, as much as the port uses, so that the tests can compile it. */
#ifndef STUB_ARDUINO_H
#define STUB_ARDUINO_H
#include <stddef.h>
#include <stdint.h>
extern "C" unsigned long millis(void);
#endif
