/* Of ESP-IDF, as much as the port uses, so that the tests can compile it. */
#ifndef STUB_ESP_TLS_H
#define STUB_ESP_TLS_H
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#define ESP_TLS_ERR_SSL_WANT_READ -0x6900
#define ESP_TLS_ERR_SSL_WANT_WRITE -0x6880
typedef struct esp_tls esp_tls_t;
typedef struct {
  const unsigned char *cacert_buf;
  unsigned int cacert_bytes;
  bool non_block;
  int timeout_ms;
} esp_tls_cfg_t;
esp_tls_t *esp_tls_init(void);
int esp_tls_conn_new_async(const char *hostname, int hostlen, int port, const esp_tls_cfg_t *cfg, esp_tls_t *tls);
ssize_t esp_tls_conn_write(esp_tls_t *tls, const void *data, size_t datalen);
ssize_t esp_tls_conn_read(esp_tls_t *tls, void *data, size_t datalen);
int esp_tls_conn_destroy(esp_tls_t *tls);
#endif
