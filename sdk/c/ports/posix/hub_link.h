/* A TCP connection, with TLS or without, that never waits but for the resolver. */
#ifndef HUB_LINK_H
#define HUB_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hub_tls.h"

/* Where a server is: of `wss://HOST:PORT`. */
typedef struct {
  bool with_tls;
  char host[256];
  char port[8];
  /* As it stands in the URL, for the Host header. */
  char authority[264];
} hub_address;

enum { HUB_LINK_NONE, HUB_LINK_CONNECTING, HUB_LINK_SHAKING, HUB_LINK_OPEN };

typedef struct {
  int socket;
  uint8_t state;
  /* NULL: without TLS. */
  hub_tls *tls;
  /* Why the last call failed. */
  const char *fault;
} hub_link;

/* `secure` and `plain` are the schemes it may have, such as `wss` and `ws`. Returns what stands behind the address; NULL: it is none. */
const char *hub_address_take(hub_address *address, const char *url, const char *secure, const char *plain);

/* Begins to connect. False when it cannot. */
bool hub_link_open(hub_link *link, const hub_address *address);
/* 1: it is open now, 0: not yet, -1: it failed. */
int hub_link_progress(hub_link *link);
/* Bytes; 0: later; -1: ended or failed. */
int hub_link_read(hub_link *link, void *bytes, size_t length);
int hub_link_write(hub_link *link, const void *bytes, size_t length);
/* Bytes wait inside, although the socket has none. */
bool hub_link_has_more(const hub_link *link);
void hub_link_close(hub_link *link);

#endif
