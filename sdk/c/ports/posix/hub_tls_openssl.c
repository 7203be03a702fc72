#define _POSIX_C_SOURCE 200809L
#include "hub_tls.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

struct hub_tls {
  SSL_CTX *context;
  SSL *link;
  SSL_SESSION *session;
  char host[256];
  char fault[160];
};

static int keep_session(SSL *link, SSL_SESSION *session) {
  hub_tls *tls = SSL_get_app_data(link);
  SSL_SESSION_free(tls->session);
  /* A copy: when the link breaks without a word, OpenSSL marks its own as not to be resumed. */
  tls->session = SSL_SESSION_dup(session);
  return 0;
}

/* OpenSSL writes to sockets without MSG_NOSIGNAL: a hub that went away would end the program. */
static void ignore_broken_pipes(void) {
  struct sigaction action;
  if (sigaction(SIGPIPE, NULL, &action) != 0 || action.sa_handler != SIG_DFL) return;
  action.sa_handler = SIG_IGN;
  sigaction(SIGPIPE, &action, NULL);
}

hub_tls *hub_tls_new(const char *ca_file, const char *host) {
  ignore_broken_pipes();
  hub_tls *tls = calloc(1, sizeof *tls);
  if (tls == NULL || strlen(host) >= sizeof tls->host) {
    free(tls);
    return NULL;
  }
  strcpy(tls->host, host);
  tls->context = SSL_CTX_new(TLS_client_method());
  if (tls->context == NULL || SSL_CTX_set_min_proto_version(tls->context, TLS1_2_VERSION) != 1 ||
      (ca_file == NULL ? SSL_CTX_set_default_verify_paths(tls->context)
                       : SSL_CTX_load_verify_locations(tls->context, ca_file, NULL)) != 1) {
    SSL_CTX_free(tls->context);
    free(tls);
    return NULL;
  }
  SSL_CTX_set_verify(tls->context, SSL_VERIFY_PEER, NULL);
  SSL_CTX_set_session_cache_mode(tls->context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(tls->context, keep_session);
  SSL_CTX_set_mode(tls->context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  return tls;
}

bool hub_tls_begin(hub_tls *tls, int socket) {
  unsigned char address[16];
  tls->link = SSL_new(tls->context);
  if (tls->link == NULL) return false;
  SSL_set_app_data(tls->link, tls);
  X509_VERIFY_PARAM *param = SSL_get0_param(tls->link);
  const bool is_address = inet_pton(AF_INET, tls->host, address) == 1 || inet_pton(AF_INET6, tls->host, address) == 1;
  if (is_address) {
    if (X509_VERIFY_PARAM_set1_ip_asc(param, tls->host) != 1) return false;
  } else if (SSL_set1_host(tls->link, tls->host) != 1 || SSL_set_tlsext_host_name(tls->link, tls->host) != 1) {
    return false;
  }
  if (tls->session != NULL) SSL_set_session(tls->link, tls->session);
  SSL_set_connect_state(tls->link);
  return SSL_set_fd(tls->link, socket) == 1;
}

static int outcome(hub_tls *tls, int result) {
  const int error = SSL_get_error(tls->link, result);
  if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) return 0;
  ERR_error_string_n(ERR_get_error(), tls->fault, sizeof tls->fault);
  const long verified = SSL_get_verify_result(tls->link);
  if (verified != X509_V_OK) {
    strncpy(tls->fault, X509_verify_cert_error_string(verified), sizeof tls->fault - 1);
    /* The certificate of another hub, perhaps: its session is of no use here. */
    SSL_SESSION_free(tls->session);
    tls->session = NULL;
  }
  return -1;
}

int hub_tls_handshake(hub_tls *tls) {
  ERR_clear_error();
  const int result = SSL_do_handshake(tls->link);
  return result == 1 ? 1 : outcome(tls, result);
}

int hub_tls_read(hub_tls *tls, void *bytes, size_t length) {
  ERR_clear_error();
  const int result = SSL_read(tls->link, bytes, (int)length);
  return result > 0 ? result : outcome(tls, result);
}

int hub_tls_write(hub_tls *tls, const void *bytes, size_t length) {
  ERR_clear_error();
  const int result = SSL_write(tls->link, bytes, (int)length);
  return result > 0 ? result : outcome(tls, result);
}

bool hub_tls_has_more(hub_tls *tls) {
  return SSL_pending(tls->link) > 0;
}

const char *hub_tls_fault(hub_tls *tls) {
  return tls->fault;
}

void hub_tls_end(hub_tls *tls) {
  if (tls->link == NULL) return;
  SSL_free(tls->link);
  tls->link = NULL;
}

void hub_tls_free(hub_tls *tls) {
  hub_tls_end(tls);
  SSL_SESSION_free(tls->session);
  SSL_CTX_free(tls->context);
  free(tls);
}

void *hub_sha256_new(void) {
  EVP_MD_CTX *hash = EVP_MD_CTX_new();
  if (hash == NULL || EVP_DigestInit_ex(hash, EVP_sha256(), NULL) == 1) return hash;
  EVP_MD_CTX_free(hash);
  return NULL;
}

void hub_sha256_add(void *hash, const uint8_t *bytes, size_t length) {
  EVP_DigestUpdate(hash, bytes, length);
}

void hub_sha256_end(void *hash, uint8_t digest[32]) {
  EVP_DigestFinal_ex(hash, digest, NULL);
}

void hub_sha256_free(void *hash) {
  EVP_MD_CTX_free(hash);
}

const bool hub_has_ed25519 = true;

bool hub_ed25519_signed(const uint8_t key[32], const uint8_t digest[32], const char *signature) {
  /* 64 bytes are 88 characters, of which the last two fill up. */
  unsigned char bytes[66];
  if (strlen(signature) != 88 || EVP_DecodeBlock(bytes, (const unsigned char *)signature, 88) != 66) return false;
  EVP_PKEY *public_key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, key, 32);
  EVP_MD_CTX *context = EVP_MD_CTX_new();
  const bool is_signed = public_key != NULL && context != NULL && EVP_DigestVerifyInit(context, NULL, NULL, NULL, public_key) == 1 &&
                         EVP_DigestVerify(context, bytes, 64, digest, 32) == 1;
  EVP_MD_CTX_free(context);
  EVP_PKEY_free(public_key);
  return is_signed;
}
