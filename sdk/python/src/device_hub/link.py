"""TLS for a core, over whatever moves the bytes. CPython only."""

import ssl
import time

from .application import Address
from .core import Core

MOST_BYTES = 16384
# What is still to be sent when the core wants no link any more has so long.
LAST_BYTES_MS = 1000


def context_of(address: Address, ca: "str | None") -> "ssl.SSLContext | None":
    """TLS 1.2 or later with a hub that this CA vouches for, or one that the system trusts; None for `ws`. Raises OSError."""
    if not address.has_tls:
        return None
    context = ssl.create_default_context(cafile=ca)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


class Uptime:
    """ms since this was made, with a device: each of them is a boot. It counts sleep where the system can tell."""

    def __init__(self) -> None:
        self._began = self._now()

    def __call__(self) -> int:
        return self._now() - self._began

    def _now(self) -> int:
        clock = getattr(time, "CLOCK_BOOTTIME", None)
        return int((time.monotonic() if clock is None else time.clock_gettime(clock)) * 1000)


class Link:
    """Moves bytes between a core and a connection, with TLS in between. It resumes the TLS session of the link before."""

    def __init__(self, core: Core, address: Address, context: "ssl.SSLContext | None") -> None:
        self._core = core
        self._host = address.host
        self._context = context
        self._session: "ssl.SSLSession | None" = None
        self._tls: "ssl.SSLObject | None" = None
        self._in = ssl.MemoryBIO()
        self._out = ssl.MemoryBIO()
        self._is_open = False
        # What came and was not taken yet.
        self._rest = b""

    def open(self, up: int) -> None:
        """The connection is there. Raises OSError."""
        self._rest = b""
        self._is_open = False
        if self._context is None:
            self._is_open = True
            self._core.opened(up)
            return
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = self._context.wrap_bio(self._in, self._out, server_hostname=self._host, session=self._session)
        self._shake(up)

    def _shake(self, up: int) -> None:
        try:
            self._tls.do_handshake()  # type: ignore[union-attr]
        except ssl.SSLWantReadError:
            return
        self._is_open = True
        self._core.opened(up)

    @property
    def has_rest(self) -> bool:
        """Nothing more is to be received before this has been taken."""
        return bool(self._rest)

    def take(self, up: int, data: bytes) -> None:
        """Bytes that came; b"" tries again what is left. Raises OSError when the link is of no more use."""
        if self._tls is None:
            self._rest += data
            self._rest = self._rest[self._core.take(up, self._rest) :]
            return
        self._in.write(data)
        if not self._is_open:
            self._shake(up)
        while self._is_open:
            if not self._rest:
                self._rest = self._read()
            if not self._rest:
                return
            taken = self._core.take(up, self._rest)
            self._rest = self._rest[taken:]
            if self._rest:
                return

    def _read(self) -> bytes:
        try:
            data = self._tls.read(MOST_BYTES)  # type: ignore[union-attr]
        except ssl.SSLWantReadError:
            return b""
        if not data:
            raise ConnectionResetError("the hub has ended it")
        return data

    def output(self) -> bytes:
        """Bytes to send on the connection; they are sent by the caller, all of them. Raises OSError."""
        data = self._core.output() if self._is_open else b""
        self._core.sent(len(data))
        if self._tls is None:
            return data
        if data:
            self._tls.write(data)
        return self._out.read()

    def close(self) -> None:
        """The connection is gone."""
        if self._tls is not None and self._is_open:
            # With TLS 1.3 it is there once the hub has sent it, after the handshake.
            self._session = self._tls.session or self._session
        self._tls = None
        self._is_open = False
        self._rest = b""
