/* Of the Arduino core, as much as the port uses, so that the tests can compile it. */
#ifndef STUB_CLIENT_H
#define STUB_CLIENT_H
#include <Arduino.h>
class Client {
 public:
  virtual int connect(const char *host, uint16_t port) = 0;
  virtual size_t write(const uint8_t *bytes, size_t size) = 0;
  virtual int available() = 0;
  virtual int read(uint8_t *bytes, size_t size) = 0;
  virtual void stop() = 0;
  virtual uint8_t connected() = 0;
};
#endif
