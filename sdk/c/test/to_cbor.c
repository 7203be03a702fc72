/* For the tests: each line of stdin, a JSON text, becomes CBOR on stdout, in hexadecimal; nothing when it cannot. `env` has a short form. */
#include <stdio.h>
#include <string.h>

#include "hub_cbor.h"

static const hub_cbor_field fields[] = {{"id", 1, 0, 0, NULL}, {"x", 1, 0, 0, NULL}};
static const hub_cbor_stream streams[] = {{"env", fields, 2}};
static const hub_cbor_layout layout = {"1", streams, 1};

int main(void) {
  static char line[16384];
  while (fgets(line, 4096, stdin) != NULL) {
    const size_t length = hub_cbor_of_json(&layout, line, strcspn(line, "\n"), sizeof line);
    for (size_t index = 0; index < length; index += 1) printf("%02x", (unsigned char)line[index]);
    printf("\n");
  }
  return 0;
}
