/* TLS as the POSIX port needs it, without blocking; by OpenSSL (hub_tls_openssl.c) or mbedTLS (../mbedtls/hub_tls_mbedtls.c). */
#ifndef HUB_TLS_H
#define HUB_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct hub_tls hub_tls;

/* `ca_file`: PEM of the CA to trust, the only one; NULL: those of the system. NULL when it cannot be read. */
hub_tls *hub_tls_new(const char *ca_file, const char *host);
/* Begins on a connected socket; resumes the session of the last time, if there is one. */
bool hub_tls_begin(hub_tls *tls, int socket);
/* 1: done, 0: later, -1: failed. */
int hub_tls_handshake(hub_tls *tls);
/* Bytes; 0: later; -1: ended or failed. */
int hub_tls_read(hub_tls *tls, void *bytes, size_t length);
int hub_tls_write(hub_tls *tls, const void *bytes, size_t length);
/* Bytes wait inside, although the socket has none. */
bool hub_tls_has_more(hub_tls *tls);
/* Why the last call failed. */
const char *hub_tls_fault(hub_tls *tls);
void hub_tls_end(hub_tls *tls);
void hub_tls_free(hub_tls *tls);

/* SHA-256 of bytes as they come. NULL: no memory. */
void *hub_sha256_new(void);
void hub_sha256_add(void *hash, const uint8_t *bytes, size_t length);
void hub_sha256_end(void *hash, uint8_t digest[32]);
void hub_sha256_free(void *hash);

/* Ed25519 (RFC 8032), which mbedTLS does not have. */
extern const bool hub_has_ed25519;
/* `signature`: base64. */
bool hub_ed25519_signed(const uint8_t key[32], const uint8_t digest[32], const char *signature);

#endif
