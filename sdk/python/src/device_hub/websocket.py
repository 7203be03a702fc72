"""The client side of RFC 6455, as much of it as a device needs, without I/O."""

import binascii

try:
    from hashlib import sha1
except ImportError:
    # Some ports of MicroPython have SHA-256 only.
    from .sha1 import sha1  # type: ignore[assignment]

TEXT = 1
BINARY = 2
CLOSE = 8
PING = 9
PONG = 10

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_LONGEST_HEAD = 8192
_LONGEST_BODY = 4096


class Fault(Exception):
    """What came breaks the protocol. `code` is the close code that says so (RFC 6455 section 7.4.1)."""

    def __init__(self, code: int) -> None:
        super().__init__("close code %d" % code)
        self.code = code


def base64(data: bytes) -> str:
    """The data in base64, without a line end."""
    return binascii.b2a_base64(data).decode().strip()


def request(host: str, path: str, device: str, secret: str, key: str, subprotocol: str) -> bytes:
    """The upgrade request, with the credential in it (RFC 7617)."""
    lines = (
        "GET %s HTTP/1.1" % path,
        "Host: %s" % host,
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Key: %s" % key,
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Protocol: %s" % subprotocol,
        "Authorization: Basic %s" % base64(("%s:%s" % (device, secret)).encode()),
        "",
        "",
    )
    return "\r\n".join(lines).encode()


def frame(opcode: int, payload: bytes, mask: bytes) -> bytes:
    """One whole frame, masked as section 5.3 demands of a client. At most 65,535 bytes of payload."""
    length = len(payload)
    if length < 126:
        head = bytes((0x80 | opcode, 0x80 | length))
    else:
        head = bytes((0x80 | opcode, 0xFE, length >> 8, length & 255))
    if length == 0:
        return head + mask
    # As two large numbers: a loop over the bytes takes a hundred times as long.
    masks = (mask * (length // 4 + 1))[:length]
    masked = int.from_bytes(payload, "little") ^ int.from_bytes(masks, "little")
    return head + mask + masked.to_bytes(length, "little")


class Answer:
    """The hub's answer to the upgrade request."""

    def __init__(self, key: str, subprotocol: str) -> None:
        self._subprotocol = subprotocol
        self.expected = base64(sha1(key.encode() + _GUID).digest())
        self.ended = False
        self.broken = False
        self.status = 0
        self.accepted = False
        self.retry_after_sec = 0
        self.body = b""
        self._head = b""

    def take(self, data: bytes) -> int:
        """Takes bytes up to the end of the head, and returns how many. Then `ended` is true, or `broken`."""
        before = len(self._head)
        self._head += data
        end = self._head.find(b"\r\n\r\n")
        if end < 0:
            self.broken = len(self._head) > _LONGEST_HEAD
            return len(data)
        head, self._head = self._head[:end], b""
        self._read(head)
        return end + 4 - before

    def take_body(self, data: bytes) -> bool:
        """Collects the body of a refusal. False when it is longer than any of the hub's."""
        self.body += data
        return len(self.body) <= _LONGEST_BODY

    def _read(self, head: bytes) -> None:
        try:
            lines = head.decode().split("\r\n")
            version, status = lines[0].split(" ", 2)[:2]
            self.status = int(status)
            if not version.startswith("HTTP/1.") or not 100 <= self.status <= 599:
                raise ValueError(lines[0])
        except (ValueError, IndexError):
            self.broken = True
            return
        if self.status < 200 and self.status != 101:
            # An interim answer: the real one follows (RFC 9110 section 15.2).
            return
        headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            headers[name.strip().lower()] = value.strip()
        self.ended = True
        self.accepted = (
            self.status == 101
            and headers.get("upgrade", "").lower() == "websocket"
            and "upgrade" in headers.get("connection", "").lower()
            and headers.get("sec-websocket-accept") == self.expected
            and headers.get("sec-websocket-protocol") == self._subprotocol
            and "sec-websocket-extensions" not in headers
        )
        after = headers.get("retry-after", "")
        if after and all([c in "0123456789" for c in after]):
            # The core has the limit; longer ones are beyond it.
            self.retry_after_sec = int(after[-9:]) if not after[:-9].strip("0") else 999999999


class Frames:
    """Makes messages of the bytes of the hub."""

    def __init__(self, longest: int, kind: int) -> None:
        """`kind`: the opcode of all its messages, TEXT or BINARY."""
        self._longest = longest
        self._kind = kind
        self._bytes = b""
        self._at = 0
        self._parts: "bytes | None" = None

    def feed(self, data: bytes) -> None:
        """Call `next` afterwards until it returns None."""
        self._bytes = self._bytes[self._at :] + data
        self._at = 0

    def next(self) -> "tuple[int, bytes] | None":
        """The next control frame or whole message, as opcode and content. Raises Fault."""
        while True:
            found = self._frame()
            if found is None:
                return None
            first, payload = found
            opcode = first & 15
            if opcode >= CLOSE:
                return opcode, payload
            if self._parts is not None:
                payload = self._parts + payload
            if first & 0x80:
                self._parts = None
                return self._kind, payload
            self._parts = payload

    def _frame(self) -> "tuple[int, bytes] | None":
        data, at = self._bytes, self._at
        have = len(data) - at
        if have < 2:
            return None
        first, length = data[at], data[at + 1]
        # No extension was offered, and a hub masks nothing.
        if first & 0x70 or length & 0x80:
            raise Fault(1002)
        head = 4 if length == 126 else 10 if length == 127 else 2
        self._judge(first, length)
        if have < head:
            return None
        if head > 2:
            length = int.from_bytes(data[at + 2 : at + head], "big")
        before = 0 if self._parts is None or first & 8 else len(self._parts)
        if before + length > self._longest and not first & 8:
            raise Fault(1009)
        if have < head + length:
            return None
        self._at = at + head + length
        return first, data[at + head : at + head + length]

    def _judge(self, first: int, length: int) -> None:
        opcode = first & 15
        if opcode >= CLOSE:
            if opcode > PONG or length > 125 or not first & 0x80:
                raise Fault(1002)
        elif opcode > 2 or (opcode == 0) != (self._parts is not None):
            raise Fault(1002)
        elif opcode not in (0, self._kind):
            raise Fault(1003)
