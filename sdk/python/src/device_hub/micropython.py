"""A device on the sockets of MicroPython 1.23 or later, with its TLS and the files of its flash.

It waits while it connects, for ten seconds at most.
"""

import errno
import select
import socket
import time

from .application import Address, Application, ending_of, stores
from .core import Core

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

CONNECT_SEC = 10
MOST_BYTES = 1024
# What does not fit is not read: the hub splits or refuses longer frames (hello.maxFrame).
MAX_FRAME = 4096
OUTPUT = 2048
STORE_BYTES = 65536
MEMORY_BYTES = 8192

_LATER = (errno.EAGAIN, errno.ETIMEDOUT)


class Uptime:
    """ms since the first call. The counter of MicroPython wraps, after 12 days or more; this one does not if it is called more often."""

    def __init__(self) -> None:
        self._last = time.ticks_ms()  # type: ignore[attr-defined]
        self._up = 0

    def __call__(self) -> int:
        now = time.ticks_ms()  # type: ignore[attr-defined]
        self._up += max(0, time.ticks_diff(now, self._last))  # type: ignore[attr-defined]
        self._last = now
        return self._up


class Device(Application):
    """A device and its link to the hub. Call `step` again and again."""

    def __init__(
        self,
        *,
        url: str,
        ca: "bytes | str | None" = None,
        state: "str | None" = None,
        on_log: "Callable[[str], object] | None" = None,
        **settings: "Any",
    ) -> None:
        self._address = Address(url)
        self._context = _context(ca) if self._address.has_tls else None
        self._on_log = on_log
        made = stores(state, settings, STORE_BYTES, MEMORY_BYTES)
        for name, value in (("max_frame", MAX_FRAME), ("output_limit", OUTPUT), ("in_flight", 8), ("remembered", 64)):
            made.setdefault(name, value)
        up = Uptime()
        super().__init__(Core(up(), host=self._address.authority, **made), up)
        self._socket: "Any" = None
        self._stream: "Any" = None
        self._poll = select.poll()
        self._rest = b""

    def step(self, ms: int) -> None:
        """Serves the hub for so many milliseconds; 0 does what is due. Returns sooner when the device `is_done`."""
        until = self._uptime() + ms
        while True:
            wait = self._round()
            left = until - self._uptime()
            if left <= 0 or self.core.is_done:
                return
            wait = min(wait, left)
            if self._socket is None:
                time.sleep(wait / 1000)
            elif wait > 0:
                writes = bool(self.core.output())
                self._poll.modify(self._socket, select.POLLIN | select.POLLOUT if writes else select.POLLIN)
                self._poll.poll(wait)

    def end(self) -> None:
        """Closes the link."""
        self._close()
        self.core.closed(self._uptime())

    def _round(self) -> int:
        wait = self.core.step(self._uptime())
        try:
            if not self.core.wants_link():
                if self._socket is None:
                    return wait
                if self.core.ended_by and self._on_log is not None:
                    self._on_log(ending_of(self.core.ended_by))
                self._close()
                self.core.closed(self._uptime())
                return 0
            if self._socket is None:
                self._connect()
                return 0
            return 0 if self._exchange() else wait
        except (OSError, ValueError) as fault:
            # MicroPython says a certificate that is not trusted by a ValueError.
            if self._on_log is not None:
                self._on_log(ending_of(self.core.ended_by) if self.core.ended_by else "link lost: %s" % fault)
            self.end()
            return 0

    def _connect(self) -> None:
        address = socket.getaddrinfo(self._address.host, self._address.port, 0, socket.SOCK_STREAM)[0][-1]
        self._socket = socket.socket()
        self._socket.settimeout(CONNECT_SEC)
        self._socket.connect(address)
        self._stream = self._socket
        if self._context is not None:
            self._stream = self._context.wrap_socket(self._socket, server_hostname=self._address.host)
        self._socket.setblocking(False)
        self._poll.register(self._socket, select.POLLIN)
        self.core.opened(self._uptime())

    def _exchange(self) -> bool:
        """Moves bytes both ways. True when some moved."""
        moved = False
        output = self.core.output()
        if output:
            sent = _later_is_none(self._stream.write, output[:MOST_BYTES])
            self.core.sent(sent or 0)
            moved = bool(sent)
        if not self._rest:
            data = _later_is_none(self._stream.read, MOST_BYTES)
            if data == b"":
                raise OSError("the hub has ended it")
            self._rest = data or b""
        if self._rest:
            taken = self.core.take(self._uptime(), self._rest)
            self._rest = self._rest[taken:]
            moved = moved or taken > 0
        return moved

    def _close(self) -> None:
        if self._socket is not None:
            try:
                self._poll.unregister(self._socket)
            except (OSError, KeyError):
                # It was not connected yet.
                pass
            try:
                self._stream.close() if self._stream is not None else self._socket.close()
            except OSError:
                # The link is gone in any case.
                pass
        self._socket = self._stream = None
        self._rest = b""


def _later_is_none(move: "Callable[[Any], Any]", argument: object) -> "Any":
    """Some ports say "later" by None, others by an error."""
    try:
        return move(argument)
    except OSError as fault:
        if fault.args and fault.args[0] in _LATER:
            return None
        raise


def _context(ca: "bytes | str | None") -> "Any":
    import ssl

    if ca is None:
        raise ValueError("ca is missing: the file with the hub's CA, or its content")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if isinstance(ca, str):
        with open(ca, "rb") as file:
            ca = file.read()
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(cadata=ca)
    return context


def begin(
    *,
    url: str,
    ca: "bytes | str | None" = None,
    state: "str | None" = None,
    on_log: "Callable[[str], object] | None" = None,
    **settings: "Any",
) -> Device:
    """As `device_hub.begin` of CPython; `ca` may be the certificate itself, and must be there with `wss`."""
    return Device(url=url, ca=ca, state=state, on_log=on_log, **settings)
