/* hub_tls.h by mbedTLS 2.28 or 3: for the POSIX port in place of OpenSSL, and to be copied for a board's own sockets. */
#include "hub_tls.h"

#include <errno.h>
#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/error.h>
#include <mbedtls/md.h>
#include <mbedtls/ssl.h>
#include <mbedtls/version.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct hub_tls {
  mbedtls_entropy_context entropy;
  mbedtls_ctr_drbg_context random;
  mbedtls_x509_crt ca;
  mbedtls_ssl_config config;
  mbedtls_ssl_context link;
  mbedtls_ssl_session session;
  bool in_use;
  bool has_session;
  int socket;
  char host[256];
  char fault[160];
};

static int socket_send(void *context, const unsigned char *bytes, size_t length) {
  const hub_tls *tls = context;
  const ssize_t sent = send(tls->socket, bytes, length, MSG_NOSIGNAL);
  if (sent >= 0) return (int)sent;
  return errno == EAGAIN || errno == EINTR ? MBEDTLS_ERR_SSL_WANT_WRITE : -1;
}

static int socket_receive(void *context, unsigned char *bytes, size_t length) {
  const hub_tls *tls = context;
  const ssize_t got = recv(tls->socket, bytes, length, 0);
  if (got >= 0) return (int)got;
  return errno == EAGAIN || errno == EINTR ? MBEDTLS_ERR_SSL_WANT_READ : -1;
}

hub_tls *hub_tls_new(const char *ca_file, const char *host) {
  hub_tls *tls = calloc(1, sizeof *tls);
  /* mbedTLS has no certificates of the system. */
  if (tls == NULL || ca_file == NULL || strlen(host) >= sizeof tls->host) {
    free(tls);
    return NULL;
  }
  strcpy(tls->host, host);
  mbedtls_entropy_init(&tls->entropy);
  mbedtls_ctr_drbg_init(&tls->random);
  mbedtls_x509_crt_init(&tls->ca);
  mbedtls_ssl_config_init(&tls->config);
  mbedtls_ssl_session_init(&tls->session);
  if (mbedtls_ctr_drbg_seed(&tls->random, mbedtls_entropy_func, &tls->entropy, NULL, 0) != 0 ||
      mbedtls_x509_crt_parse_file(&tls->ca, ca_file) != 0 ||
      mbedtls_ssl_config_defaults(&tls->config, MBEDTLS_SSL_IS_CLIENT, MBEDTLS_SSL_TRANSPORT_STREAM, MBEDTLS_SSL_PRESET_DEFAULT) != 0)
    return NULL;
  mbedtls_ssl_conf_authmode(&tls->config, MBEDTLS_SSL_VERIFY_REQUIRED);
  mbedtls_ssl_conf_ca_chain(&tls->config, &tls->ca, NULL);
  mbedtls_ssl_conf_rng(&tls->config, mbedtls_ctr_drbg_random, &tls->random);
  /* TLS 1.2 at least. */
  mbedtls_ssl_conf_min_version(&tls->config, MBEDTLS_SSL_MAJOR_VERSION_3, MBEDTLS_SSL_MINOR_VERSION_3);
  mbedtls_ssl_conf_session_tickets(&tls->config, MBEDTLS_SSL_SESSION_TICKETS_ENABLED);
#if defined(MBEDTLS_SSL_MAX_FRAGMENT_LENGTH)
  /* The hub sends no record with more than 2,048 bytes then: a board needs no input buffer of 16 KB. */
  mbedtls_ssl_conf_max_frag_len(&tls->config, MBEDTLS_SSL_MAX_FRAG_LEN_2048);
#endif
  return tls;
}

bool hub_tls_begin(hub_tls *tls, int socket) {
  tls->socket = socket;
  tls->in_use = true;
  mbedtls_ssl_init(&tls->link);
  if (mbedtls_ssl_setup(&tls->link, &tls->config) != 0 || mbedtls_ssl_set_hostname(&tls->link, tls->host) != 0) return false;
  if (tls->has_session) mbedtls_ssl_set_session(&tls->link, &tls->session);
  mbedtls_ssl_set_bio(&tls->link, tls, socket_send, socket_receive, NULL);
  return true;
}

static int outcome(hub_tls *tls, int result) {
  if (result == MBEDTLS_ERR_SSL_WANT_READ || result == MBEDTLS_ERR_SSL_WANT_WRITE) return 0;
  mbedtls_strerror(result, tls->fault, sizeof tls->fault);
  return -1;
}

/* TLS 1.2 brings the ticket with the handshake. */
static void keep_session(hub_tls *tls) {
  mbedtls_ssl_session_free(&tls->session);
  mbedtls_ssl_session_init(&tls->session);
  tls->has_session = mbedtls_ssl_get_session(&tls->link, &tls->session) == 0;
}

int hub_tls_handshake(hub_tls *tls) {
  const int result = mbedtls_ssl_handshake(&tls->link);
  if (result == 0) {
    keep_session(tls);
    return 1;
  }
  if (result == MBEDTLS_ERR_X509_CERT_VERIFY_FAILED) tls->has_session = false;
  return outcome(tls, result);
}

int hub_tls_read(hub_tls *tls, void *bytes, size_t length) {
  const int result = mbedtls_ssl_read(&tls->link, bytes, length);
  if (result > 0) return result;
  return result == 0 ? -1 : outcome(tls, result);
}

int hub_tls_write(hub_tls *tls, const void *bytes, size_t length) {
  const int result = mbedtls_ssl_write(&tls->link, bytes, length);
  return result > 0 ? result : outcome(tls, result);
}

bool hub_tls_has_more(hub_tls *tls) {
  return mbedtls_ssl_get_bytes_avail(&tls->link) > 0;
}

const char *hub_tls_fault(hub_tls *tls) {
  return tls->fault;
}

void hub_tls_end(hub_tls *tls) {
  if (!tls->in_use) return;
  mbedtls_ssl_free(&tls->link);
  tls->in_use = false;
}

void hub_tls_free(hub_tls *tls) {
  hub_tls_end(tls);
  mbedtls_ssl_session_free(&tls->session);
  mbedtls_ssl_config_free(&tls->config);
  mbedtls_x509_crt_free(&tls->ca);
  mbedtls_ctr_drbg_free(&tls->random);
  mbedtls_entropy_free(&tls->entropy);
  free(tls);
}

void *hub_sha256_new(void) {
  mbedtls_md_context_t *hash = calloc(1, sizeof *hash);
  if (hash == NULL) return NULL;
  mbedtls_md_init(hash);
  if (mbedtls_md_setup(hash, mbedtls_md_info_from_type(MBEDTLS_MD_SHA256), 0) == 0 && mbedtls_md_starts(hash) == 0) return hash;
  hub_sha256_free(hash);
  return NULL;
}

void hub_sha256_add(void *hash, const uint8_t *bytes, size_t length) {
  mbedtls_md_update(hash, bytes, length);
}

void hub_sha256_end(void *hash, uint8_t digest[32]) {
  mbedtls_md_finish(hash, digest);
}

void hub_sha256_free(void *hash) {
  mbedtls_md_free(hash);
  free(hash);
}

const bool hub_has_ed25519 = false;

bool hub_ed25519_signed(const uint8_t key[32], const uint8_t digest[32], const char *signature) {
  (void)key;
  (void)digest;
  (void)signature;
  return false;
}
