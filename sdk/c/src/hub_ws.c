#include "hub_ws.h"

/* ---- base64 and SHA-1 -------------------------------------------------------------------------------------------- */

typedef struct {
  hub_writer *writer;
  uint32_t bits;
  uint8_t count;
} base64;

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static void base64_group(base64 *to, uint8_t characters) {
  for (uint8_t index = 0; index < 4; index += 1) {
    const char digit = alphabet[to->bits >> (18 - 6 * index) & 63];
    hub_write_bytes(to->writer, index < characters ? &digit : "=", 1);
  }
  to->bits = 0;
  to->count = 0;
}

static void base64_byte(base64 *to, uint8_t byte) {
  to->bits |= (uint32_t)byte << (16 - 8 * to->count);
  to->count = (uint8_t)(to->count + 1);
  if (to->count == 3) base64_group(to, 4);
}

static void base64_text(base64 *to, const char *text) {
  for (; *text != '\0'; text += 1) base64_byte(to, (uint8_t)*text);
}

static void base64_end(base64 *to) {
  if (to->count > 0) base64_group(to, (uint8_t)(to->count + 1));
}

static uint32_t turned(uint32_t value, uint8_t bits) {
  return value << bits | value >> (32 - bits);
}

static void sha1_block(uint32_t state[5], const uint8_t block[64]) {
  static const uint32_t constants[4] = {0x5A827999, 0x6ED9EBA1, 0x8F1BBCDC, 0xCA62C1D6};
  uint32_t words[16];
  uint32_t a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];
  for (uint8_t index = 0; index < 16; index += 1) {
    const uint8_t *at = block + 4 * index;
    words[index] = (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
  }
  for (uint8_t round = 0; round < 80; round += 1) {
    uint32_t *word = &words[round % 16];
    /* FIPS 180-4 section 6.1.3: sixteen words are enough. */
    if (round >= 16) *word = turned(words[(round + 13) % 16] ^ words[(round + 8) % 16] ^ words[(round + 2) % 16] ^ *word, 1);
    const uint8_t part = round / 20;
    const uint32_t mixed = part == 0 ? (b & c) | (~b & d) : part == 2 ? (b & c) | (b & d) | (c & d) : b ^ c ^ d;
    const uint32_t next = turned(a, 5) + mixed + e + constants[part] + *word;
    e = d;
    d = c;
    c = turned(b, 30);
    b = a;
    a = next;
  }
  state[0] += a;
  state[1] += b;
  state[2] += c;
  state[3] += d;
  state[4] += e;
}

/* SHA-1 of the key and the GUID of RFC 6455: 60 bytes, which with their end are two blocks. */
static void accept_of(const char *key, uint8_t digest[20]) {
  static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  uint32_t state[5] = {0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0};
  uint8_t block[64];
  for (uint8_t index = 0; index < 24; index += 1) block[index] = (uint8_t)key[index];
  for (uint8_t index = 0; index < 36; index += 1) block[24 + index] = (uint8_t)guid[index];
  block[60] = 0x80;
  block[61] = block[62] = block[63] = 0;
  sha1_block(state, block);
  for (uint8_t index = 0; index < 64; index += 1) block[index] = 0;
  block[62] = 60 * 8 >> 8;
  block[63] = 60 * 8 & 0xFF;
  sha1_block(state, block);
  for (uint8_t index = 0; index < 20; index += 1) digest[index] = (uint8_t)(state[index / 4] >> (24 - 8 * (index % 4)));
}

void hub_ws_key(const uint8_t random[16], char key[HUB_WS_KEY + 1]) {
  hub_writer writer;
  hub_writer_begin(&writer, key, HUB_WS_KEY + 1);
  base64 to = {&writer, 0, 0};
  for (uint8_t index = 0; index < 16; index += 1) base64_byte(&to, random[index]);
  base64_end(&to);
  hub_writer_end(&writer);
}

void hub_ws_credential(hub_writer *writer, const char *id, const char *secret) {
  base64 to = {writer, 0, 0};
  base64_text(&to, id);
  base64_byte(&to, ':');
  base64_text(&to, secret);
  base64_end(&to);
}

void hub_ws_request(hub_writer *writer, const char *host, const char *path, const char *id, const char *secret,
                    const char *key, const char *subprotocol) {
  hub_write_raw(writer, "GET ");
  hub_write_raw(writer, path);
  hub_write_raw(writer, " HTTP/1.1\r\nHost: ");
  hub_write_raw(writer, host);
  hub_write_raw(writer,
                "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                "Sec-WebSocket-Protocol: ");
  hub_write_raw(writer, subprotocol);
  hub_write_raw(writer, "\r\nSec-WebSocket-Key: ");
  hub_write_raw(writer, key);
  hub_write_raw(writer, "\r\nAuthorization: Basic ");
  hub_ws_credential(writer, id, secret);
  hub_write_raw(writer, "\r\n\r\n");
}

/* ---- the answer -------------------------------------------------------------------------------------------------- */

void hub_ws_answer_begin(hub_ws_answer *answer, const char *key) {
  uint8_t digest[20];
  hub_writer writer;
  *answer = (hub_ws_answer){0};
  answer->first = true;
  accept_of(key, digest);
  hub_writer_begin(&writer, answer->accept, sizeof answer->accept);
  base64 to = {&writer, 0, 0};
  for (uint8_t index = 0; index < 20; index += 1) base64_byte(&to, digest[index]);
  base64_end(&to);
  hub_writer_end(&writer);
}

static char lower(char character) {
  return character >= 'A' && character <= 'Z' ? (char)(character - 'A' + 'a') : character;
}

/* The value of the line, when it is this header; NULL otherwise. `name` is in lower case, with its colon. */
static const char *value_of(const char *line, const char *name) {
  for (; *name != '\0'; name += 1, line += 1) {
    if (lower(*line) != *name) return NULL;
  }
  while (*line == ' ' || *line == '\t') line += 1;
  return line;
}

static uint32_t digits_of(const char *text) {
  uint32_t value = 0;
  for (; *text >= '0' && *text <= '9'; text += 1) {
    if (value < 100000000) value = value * 10 + (uint32_t)(*text - '0');
  }
  return value;
}

static bool line_ended(hub_ws_answer *answer) {
  const char *value;
  if (answer->first) {
    answer->first = false;
    if ((value = value_of(answer->line, "http/1.")) == NULL || value[0] == '\0' || value[1] != ' ') return false;
    answer->status = (uint16_t)digits_of(value + 2);
    return answer->status >= 100 && answer->status <= 999;
  }
  if ((value = value_of(answer->line, "sec-websocket-accept:")) != NULL) answer->accepted = hub_equal(value, answer->accept);
  if ((value = value_of(answer->line, "retry-after:")) != NULL) answer->retry_after_sec = digits_of(value);
  return true;
}

hub_ws_progress hub_ws_answer_take(hub_ws_answer *answer, char byte) {
  if (byte == '\r') return HUB_WS_MORE;
  if (byte != '\n') {
    /* A longer line is none of those that are read; its beginning does for the comparison. */
    if (answer->length < HUB_WS_LINE) {
      answer->line[answer->length] = byte;
      answer->length = (uint16_t)(answer->length + 1);
    }
    return HUB_WS_MORE;
  }
  answer->line[answer->length] = '\0';
  if (answer->length == 0) return answer->first ? HUB_WS_BROKEN : HUB_WS_HEAD_ENDED;
  answer->length = 0;
  return line_ended(answer) ? HUB_WS_MORE : HUB_WS_BROKEN;
}

/* ---- frames ------------------------------------------------------------------------------------------------------ */

void hub_ws_frames_begin(hub_ws_frames *frames, uint8_t kind) {
  frames->kind = kind;
  frames->head_length = 0;
  frames->in_message = false;
  frames->in_payload = false;
  frames->is_taken = false;
}

static bool is_control(const hub_ws_frames *frames) {
  return frames->opcode >= 8;
}

/* The frame is whole. */
static hub_ws_event frame_ended(hub_ws_frames *frames, hub_ws_event event, bool *also_ended) {
  frames->in_payload = false;
  frames->head_length = 0;
  if (is_control(frames)) return HUB_WS_CONTROL;
  if (frames->last) {
    frames->in_message = false;
    *also_ended = frames->is_taken;
  }
  return event;
}

static hub_ws_event head_ended(hub_ws_frames *frames, bool *also_ended) {
  const uint8_t length = frames->head[1] & 0x7F;
  frames->last = (frames->head[0] & 0x80) != 0;
  frames->opcode = frames->head[0] & 0x0F;
  frames->left = length;
  if (length >= 126) {
    frames->left = 0;
    for (uint8_t index = 2; index < frames->head_length; index += 1) frames->left = frames->left << 8 | frames->head[index];
  }
  /* Sections 5.1, 5.2, 5.4, 5.5: the server does not mask, no extension was agreed, control frames are short and whole. */
  if ((frames->head[0] & 0x70) != 0 || (frames->head[1] & 0x80) != 0) return HUB_WS_FAULT;
  if (is_control(frames)) {
    if (!frames->last || length > 125 || frames->opcode > HUB_WS_PONG) return HUB_WS_FAULT;
    frames->control_length = 0;
  } else if (frames->opcode == HUB_WS_CONTINUATION) {
    if (!frames->in_message) return HUB_WS_FAULT;
  } else {
    if (frames->in_message || frames->opcode > HUB_WS_BINARY) return HUB_WS_FAULT;
    frames->in_message = true;
    frames->is_taken = frames->opcode == frames->kind;
  }
  frames->in_payload = true;
  return frames->left == 0 ? frame_ended(frames, HUB_WS_HEAD, also_ended) : HUB_WS_HEAD;
}

hub_ws_event hub_ws_frames_take(hub_ws_frames *frames, uint8_t byte, bool *also_ended) {
  *also_ended = false;
  if (!frames->in_payload) {
    frames->head[frames->head_length] = byte;
    frames->head_length = (uint8_t)(frames->head_length + 1);
    if (frames->head_length < 2) return HUB_WS_HEAD;
    const uint8_t length = frames->head[1] & 0x7F;
    const uint8_t whole = length == 127 ? 10 : length == 126 ? 4 : 2;
    return frames->head_length < whole ? HUB_WS_HEAD : head_ended(frames, also_ended);
  }
  frames->left -= 1;
  if (is_control(frames)) {
    frames->control[frames->control_length] = byte;
    frames->control_length = (uint8_t)(frames->control_length + 1);
    return frames->left == 0 ? frame_ended(frames, HUB_WS_CONTROL, also_ended) : HUB_WS_HEAD;
  }
  const hub_ws_event event = frames->is_taken ? HUB_WS_PAYLOAD : HUB_WS_HEAD;
  return frames->left == 0 ? frame_ended(frames, event, also_ended) : event;
}

size_t hub_ws_frame(uint8_t *frame, uint8_t opcode, size_t payload_length, uint32_t mask) {
  const uint8_t head = payload_length < 126 ? 6 : 8;
  const uint8_t key[4] = {(uint8_t)(mask >> 24), (uint8_t)(mask >> 16), (uint8_t)(mask >> 8), (uint8_t)mask};
  for (size_t index = 0; index < payload_length; index += 1) {
    frame[head + index] = (uint8_t)(frame[HUB_WS_HEADROOM + index] ^ key[index % 4]);
  }
  frame[0] = (uint8_t)(0x80 | opcode);
  frame[1] = (uint8_t)(0x80 | (head == 6 ? payload_length : 126));
  if (head == 8) {
    frame[2] = (uint8_t)(payload_length >> 8);
    frame[3] = (uint8_t)payload_length;
  }
  for (uint8_t index = 0; index < 4; index += 1) frame[head - 4 + index] = key[index];
  return head + payload_length;
}
