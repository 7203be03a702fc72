/*
 * Arduino: any `Client` with TLS (WiFiClientSecure, BearSSL, EthernetClient with an SSL client around it), set up with the hub's CA
 * by the sketch. `connect` blocks as that client does.
 */
#ifndef HUB_ARDUINO_H
#define HUB_ARDUINO_H

#include <Arduino.h>
#include <Client.h>

#include "hub_core.h"
#include "hub_flash.h"

class HubLink {
 public:
  HubLink(hub &core, Client &client, const char *host, uint16_t port)
      : core(core), client(client), host(host), port(port), linked(false), begin(0), end(0) {}

  /* Call it in every loop(). */
  void step() {
    hub_step(&core, uptime());
    if (!hub_wants_link(&core)) {
      if (linked) lose();
    } else if (!linked) {
      linked = client.connect(host, port) == 1;
      if (linked) hub_opened(&core, uptime());
      else hub_closed(&core, uptime());
    } else {
      exchange();
    }
  }

  /* millis() wraps after 49 days; this does not, if it is called more often than that. */
  static uint64_t uptime() {
    static uint32_t last = 0;
    static uint64_t wraps = 0;
    const uint32_t now = millis();
    if (now < last) wraps += UINT64_C(1) << 32;
    last = now;
    return wraps + now;
  }

 private:
  void lose() {
    client.stop();
    linked = false;
    begin = end = 0;
    hub_closed(&core, uptime());
  }

  void exchange() {
    size_t length;
    const uint8_t *output = hub_output(&core, &length);
    if (length > 0) hub_sent(&core, client.write(output, length));
    if (begin == end && client.available() > 0) {
      const int got = client.read(input, sizeof input);
      begin = 0;
      end = got > 0 ? (size_t)got : 0;
    }
    if (begin < end) begin += hub_take(&core, uptime(), input + begin, end - begin);
    else if (!client.connected()) lose();
  }

  hub &core;
  Client &client;
  const char *host;
  uint16_t port;
  bool linked;
  uint8_t input[256];
  size_t begin;
  size_t end;
};

#endif
