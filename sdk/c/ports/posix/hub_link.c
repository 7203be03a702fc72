#define _GNU_SOURCE
#include "hub_link.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

const char *hub_address_take(hub_address *address, const char *url, const char *secure, const char *plain) {
  const char *colon_slashes = strstr(url, "://");
  if (colon_slashes == NULL) return NULL;
  const size_t scheme = (size_t)(colon_slashes - url);
  address->with_tls = scheme == strlen(secure) && strncmp(url, secure, scheme) == 0;
  if (!address->with_tls && (scheme != strlen(plain) || strncmp(url, plain, scheme) != 0)) return NULL;
  const char *authority = colon_slashes + 3;
  const size_t length = strcspn(authority, "/?#");
  if (length == 0 || length >= sizeof address->authority) return NULL;
  memcpy(address->authority, authority, length);
  address->authority[length] = '\0';
  char *colon = strrchr(address->authority, ':');
  const char *bracket = strrchr(address->authority, ']');
  if (colon != NULL && bracket != NULL && colon < bracket) colon = NULL;
  snprintf(address->port, sizeof address->port, "%.7s", colon == NULL ? (address->with_tls ? "443" : "80") : colon + 1);
  const size_t host_length = colon == NULL ? length : (size_t)(colon - address->authority);
  const bool in_brackets = address->authority[0] == '[' && host_length >= 2;
  const size_t skipped = in_brackets ? 1 : 0;
  if (host_length - 2 * skipped >= sizeof address->host) return NULL;
  memcpy(address->host, address->authority + skipped, host_length - 2 * skipped);
  address->host[host_length - 2 * skipped] = '\0';
  return authority + length;
}

static bool failed(hub_link *link, const char *why) {
  link->fault = why;
  return false;
}

bool hub_link_open(hub_link *link, const hub_address *address) {
  struct addrinfo hints = {0};
  struct addrinfo *found = NULL;
  const int one = 1;
  hints.ai_socktype = SOCK_STREAM;
  /* It waits for the resolver: a device that must not wait gives an address. */
  const int fault = getaddrinfo(address->host, address->port, &hints, &found);
  if (fault != 0) return failed(link, gai_strerror(fault));
  link->socket = socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  link->state = HUB_LINK_CONNECTING;
  const bool began = link->socket >= 0 && (connect(link->socket, found->ai_addr, found->ai_addrlen) == 0 || errno == EINPROGRESS);
  if (began) setsockopt(link->socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  else failed(link, strerror(errno));
  freeaddrinfo(found);
  return began;
}

static int connected(hub_link *link) {
  int fault = 0;
  socklen_t size = sizeof fault;
  struct pollfd writable = {link->socket, POLLOUT, 0};
  if (poll(&writable, 1, 0) == 0) return 0;
  if (getsockopt(link->socket, SOL_SOCKET, SO_ERROR, &fault, &size) != 0 || fault != 0) {
    failed(link, strerror(fault));
    return -1;
  }
  if (link->tls == NULL) return 1;
  if (hub_tls_begin(link->tls, link->socket)) {
    link->state = HUB_LINK_SHAKING;
    return 0;
  }
  failed(link, "TLS cannot begin");
  return -1;
}

int hub_link_progress(hub_link *link) {
  int done = link->state == HUB_LINK_CONNECTING ? connected(link) : 0;
  if (done == 0 && link->state == HUB_LINK_SHAKING) {
    done = hub_tls_handshake(link->tls);
    if (done < 0) failed(link, hub_tls_fault(link->tls));
  }
  if (done > 0) link->state = HUB_LINK_OPEN;
  return done;
}

int hub_link_read(hub_link *link, void *bytes, size_t length) {
  if (link->tls != NULL) {
    const int got = hub_tls_read(link->tls, bytes, length);
    if (got < 0) failed(link, hub_tls_fault(link->tls));
    return got;
  }
  const ssize_t got = recv(link->socket, bytes, length, 0);
  if (got > 0) return (int)got;
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return 0;
  failed(link, got == 0 ? "it was closed" : strerror(errno));
  return -1;
}

int hub_link_write(hub_link *link, const void *bytes, size_t length) {
  if (link->tls != NULL) {
    const int sent = hub_tls_write(link->tls, bytes, length);
    if (sent < 0) failed(link, hub_tls_fault(link->tls));
    return sent;
  }
  const ssize_t sent = send(link->socket, bytes, length, MSG_NOSIGNAL);
  if (sent >= 0) return (int)sent;
  if (errno == EAGAIN || errno == EINTR) return 0;
  failed(link, strerror(errno));
  return -1;
}

bool hub_link_has_more(const hub_link *link) {
  return link->state == HUB_LINK_OPEN && link->tls != NULL && hub_tls_has_more(link->tls);
}

void hub_link_close(hub_link *link) {
  if (link->state == HUB_LINK_NONE) return;
  if (link->tls != NULL) hub_tls_end(link->tls);
  if (link->socket >= 0) close(link->socket);
  link->socket = -1;
  link->state = HUB_LINK_NONE;
}
