/* Of Zephyr, as much as the port uses, so that the tests can compile it. */
#ifndef STUB_SOCKET_H
#define STUB_SOCKET_H
#include <stddef.h>
#include <sys/types.h>
#define SOCK_STREAM 1
#define IPPROTO_TLS_1_2 258
#define SOL_TLS 282
#define TLS_SEC_TAG_LIST 1
#define TLS_HOSTNAME 2
#define TLS_PEER_VERIFY 5
#define TLS_PEER_VERIFY_REQUIRED 2
#define ZSOCK_MSG_DONTWAIT 0x40
#define ZSOCK_POLLIN 1
typedef size_t net_socklen;
struct sockaddr;
struct zsock_addrinfo {
  int ai_family;
  int ai_socktype;
  net_socklen ai_addrlen;
  struct sockaddr *ai_addr;
};
struct zsock_pollfd {
  int fd;
  short events;
  short revents;
};
int zsock_getaddrinfo(const char *host, const char *service, const struct zsock_addrinfo *hints, struct zsock_addrinfo **res);
void zsock_freeaddrinfo(struct zsock_addrinfo *ai);
int zsock_socket(int family, int type, int proto);
int zsock_setsockopt(int sock, int level, int optname, const void *optval, net_socklen optlen);
int zsock_connect(int sock, const struct sockaddr *addr, net_socklen addrlen);
ssize_t zsock_send(int sock, const void *buf, size_t len, int flags);
ssize_t zsock_recv(int sock, void *buf, size_t max_len, int flags);
int zsock_poll(struct zsock_pollfd *fds, int nfds, int timeout);
int zsock_close(int sock);
#endif
