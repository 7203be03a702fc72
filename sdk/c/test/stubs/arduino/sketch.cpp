/* What a sketch does with the port; compiled by the tests only. */
#include <hub_arduino.h>

static hub device;

void loop_of_a_sketch(Client &client) {
  static HubLink link(device, client, "hub.example", 8443);
  hub_measure(&device, HubLink::uptime(), "env", "{\"temperature\":21.5}");
  link.step();
}
