"""A device on sockets, for programs without asyncio. CPython."""

import os
import selectors
import socket
import ssl
import time
from typing import Any, Callable, List, Tuple

from .application import Address, Application, ending_of, stores
from .core import Core
from .link import LAST_BYTES_MS, MOST_BYTES, Link, Uptime, context_of
from .lock import StateLock


class Device(Application):
    """A device and its link to the hub. Call `step` again and again; the rest may be called at any time, in the same thread."""

    def __init__(
        self,
        *,
        url: str,
        ca: "str | None" = None,
        state: "str | None" = None,
        on_log: "Callable[[str], object] | None" = None,
        **settings: Any,
    ) -> None:
        self._address = Address(url)
        self._context = context_of(self._address, ca)
        uptime = Uptime()
        self._lock = StateLock(state)
        super().__init__(Core(uptime(), host=self._address.authority, **stores(state, settings)), uptime)
        self._link = Link(self.core, self._address, self._context)
        self._on_log = on_log
        self._selector = selectors.DefaultSelector()
        self._socket: "socket.socket | None" = None
        self._connected = False
        self._candidates: "List[Tuple[int, int, int, Tuple[str, int]]]" = []
        self._sending = b""
        self._closes_at: "int | None" = None

    def step(self, ms: int) -> None:
        """Serves the hub for so many milliseconds; 0 does what is due. Returns sooner when the device `is_done`.

        It waits for the name server when it connects: a program that must not wait gives an address.
        """
        until = self._uptime() + ms
        while True:
            wait = self._round()
            left = until - self._uptime()
            if left <= 0 or self.core.is_done:
                return
            self._wait(min(wait, left))

    def end(self) -> None:
        """Closes the link. What is not settled is sent after the next `begin` with the same state."""
        self._drop_link()
        self.core.closed(self._uptime())
        self._selector.close()
        self._lock.release()

    # ---- the link --------------------------------------------------------------------------------------------------

    def _say(self, text: str) -> None:
        if self._on_log is not None:
            self._on_log(text)

    def _wait(self, ms: int) -> None:
        if self._socket is None:
            time.sleep(ms / 1000)
            return
        writes = not self._connected or bool(self._sending)
        reads = not self._link.has_rest
        events = (selectors.EVENT_READ if reads else 0) | (selectors.EVENT_WRITE if writes else 0)
        self._selector.modify(self._socket, events or selectors.EVENT_WRITE)
        self._selector.select(ms / 1000)

    def _round(self) -> int:
        """What can be done at once. Returns for how long there is nothing, ms."""
        was_open = self.core.is_open
        wait = self.core.step(self._uptime())
        try:
            if not self.core.wants_link():
                if self._socket is not None and self._is_over():
                    if self.core.ended_by:
                        self._say(ending_of(self.core.ended_by))
                    self._drop_link()
                    self.core.closed(self._uptime())
                    return 0
            elif self._socket is None:
                self._connect()
                return 0
            elif not self._connected:
                self._finish_connect()
            if self._socket is not None and self._connected and self._exchange():
                wait = 0
        except (OSError, ssl.SSLError) as fault:
            self._lose(str(fault))
            return 0
        if self.core.is_open and not was_open:
            self._say("session open")
        return wait

    def _is_over(self) -> bool:
        """Whether a link that is not wanted any more can be closed."""
        if self._closes_at is None:
            self._closes_at = self._uptime() + LAST_BYTES_MS
        return not self._sending or self._uptime() >= self._closes_at

    def _connect(self) -> None:
        if not self._candidates:
            found = socket.getaddrinfo(self._address.host, self._address.port, type=socket.SOCK_STREAM)
            self._candidates = [(family, kind, protocol, at) for family, kind, protocol, _, at in found]  # type: ignore[misc]
        family, kind, protocol, at = self._candidates.pop(0)
        self._socket = socket.socket(family, kind, protocol)
        self._selector.register(self._socket, selectors.EVENT_WRITE)
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            self._socket.connect(at)
        except BlockingIOError:
            return
        self._linked()

    def _finish_connect(self) -> None:
        selected = self._selector.select(0)
        if not any(events & selectors.EVENT_WRITE for _, events in selected):
            return
        fault = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)  # type: ignore[union-attr]
        if fault:
            raise OSError(fault, os.strerror(fault))
        self._linked()

    def _linked(self) -> None:
        self._connected = True
        self._candidates = []
        self._link.open(self._uptime())

    def _exchange(self) -> bool:
        """Moves bytes both ways. True when some moved."""
        moved = False
        if not self._sending:
            self._sending = self._link.output()
        if self._sending:
            try:
                sent = self._socket.send(self._sending)  # type: ignore[union-attr]
            except BlockingIOError:
                sent = 0
            self._sending = self._sending[sent:]
            moved = sent > 0
        data = b""
        if not self._link.has_rest:
            try:
                data = self._socket.recv(MOST_BYTES)  # type: ignore[union-attr]
            except BlockingIOError:
                return moved
            if not data:
                raise ConnectionResetError("the hub has ended it")
        self._link.take(self._uptime(), data)
        return moved or bool(data)

    def _drop_link(self) -> None:
        self._link.close()
        if self._socket is not None:
            self._selector.unregister(self._socket)
            self._socket.close()
        self._socket = None
        self._connected = False
        self._sending = b""
        self._closes_at = None

    def _lose(self, why: str) -> None:
        self._say(ending_of(self.core.ended_by) if self.core.ended_by else "link lost: " + why)
        tries_next = not self._connected and bool(self._candidates)
        self._drop_link()
        # Another address of the same name is no other attempt.
        if not tries_next:
            self._candidates = []
            self.core.closed(self._uptime())


def begin(
    *,
    url: str,
    ca: "str | None" = None,
    state: "str | None" = None,
    on_log: "Callable[[str], object] | None" = None,
    **settings: Any,
) -> Device:
    """A device with its link to the hub at `url`, `wss://HOST:PORT`.

    `ca`: the file with the hub's CA; without it, those of the system. `state`: the folder for what outlives a loss of power; without
    it nothing does. `on_log`: takes a line when the link comes or goes. The others are those of `core.begin`: `id`, `secret`, `type`
    and so on. Raises ValueError for a wrong setting, OSError when a file cannot be used.
    """
    return Device(url=url, ca=ca, state=state, on_log=on_log, **settings)
