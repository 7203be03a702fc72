"""A device for programs with asyncio. CPython."""

import asyncio
import inspect
import ssl
from typing import TYPE_CHECKING, Any, Awaitable, Callable

from .application import Address, Application, ending_of, stores
from .commands import RUNNING, Command
from .core import Core, report_fault
from .link import LAST_BYTES_MS, Link, Uptime, context_of
from .lock import StateLock

if TYPE_CHECKING:
    from .ports import Handler, Handlers


class _Connection(asyncio.Protocol):
    """One connection; the device forgets it when it is gone."""

    def __init__(self, device: "Device") -> None:
        self._device = device
        self.transport: "asyncio.Transport | None" = None
        self.is_writable = True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        self._device._received(self, data)

    def connection_lost(self, fault: "Exception | None") -> None:
        self._device._lost(self, "the hub has ended it" if fault is None else str(fault))

    def pause_writing(self) -> None:
        self.is_writable = False

    def resume_writing(self) -> None:
        self.is_writable = True
        self._device._changed()


class Device(Application):
    """A device and its link to the hub: `async with` it, or await `run`.

    The function of a command may be a coroutine function: the command ends when it returns.
    """

    def __init__(
        self,
        *,
        url: str,
        ca: "str | None" = None,
        state: "str | None" = None,
        on_log: "Callable[[str], object] | None" = None,
        on_command: "Handlers" = None,
        **settings: Any,
    ) -> None:
        self._address = Address(url)
        handlers = on_command
        if isinstance(handlers, dict):
            handlers = {name: self._awaiting(run) for name, run in handlers.items()}
        elif handlers is not None:
            handlers = self._awaiting(handlers)
        self._lock = StateLock(state)
        kept = stores(state, settings)
        uptime = Uptime()
        super().__init__(
            Core(uptime(), host=self._address.authority, on_command=handlers, **kept),
            uptime,
        )
        self._link = Link(self.core, self._address, context_of(self._address, ca))
        self._on_log = on_log
        self._connection: "_Connection | None" = None
        self._connecting: "asyncio.Task[None] | None" = None
        self._running: "asyncio.Task[None] | None" = None
        self._commands: "set[asyncio.Task[None]]" = set()
        self._poke = asyncio.Event()
        self._done = asyncio.Event()

    async def __aenter__(self) -> "Device":
        self._running = asyncio.create_task(self.run())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._running is None:
            return
        self._running.cancel()
        try:
            await self._running
        except asyncio.CancelledError:
            pass

    async def done(self) -> None:
        """Waits until the hub has everything, after `bye`. Raises what has ended `run`."""
        waits = asyncio.ensure_future(self._done.wait())
        others = [self._running] if self._running is not None else []
        await asyncio.wait([waits, *others], return_when=asyncio.FIRST_COMPLETED)
        waits.cancel()
        for other in others:
            if other.done():
                other.result()

    def wake(self) -> None:
        """The device goes on after `done`."""
        self._done.clear()
        super().wake()

    async def run(self) -> None:
        """Serves the hub until it is cancelled. What is not settled then is sent after the next `begin` with the same state."""
        try:
            while True:
                wait = self._round()
                try:
                    await asyncio.wait_for(self._poke.wait(), max(wait, 1) / 1000)
                except asyncio.TimeoutError:
                    continue
                finally:
                    self._poke.clear()
        finally:
            self._drop_link()
            self.core.closed(self._uptime())
            for task in list(self._commands):
                task.cancel()
            self._lock.release()

    # ---- commands --------------------------------------------------------------------------------------------------

    def _awaiting(self, run: "Handler") -> "Handler":
        def begin_command(command: Command) -> object:
            outcome = run(command)
            if not inspect.isawaitable(outcome):
                return outcome
            task = asyncio.ensure_future(self._finish(command, outcome))
            self._commands.add(task)
            task.add_done_callback(self._commands.discard)
            return RUNNING

        return begin_command

    async def _finish(self, command: Command, outcome: "Awaitable[object]") -> None:
        try:
            output = await outcome
        except ValueError as fault:
            self.answer(command.id, "rejected", error=str(fault))
        except Exception as fault:
            self.answer(command.id, "failed", error=str(fault) or type(fault).__name__)
            report_fault(fault)
        else:
            if output != RUNNING:
                self.answer(command.id, output=output)

    # ---- the link --------------------------------------------------------------------------------------------------

    def _changed(self) -> None:
        self._poke.set()

    def _say(self, text: str) -> None:
        if self._on_log is not None:
            self._on_log(text)

    def _round(self) -> int:
        """What can be done at once. Returns for how long there is nothing, ms."""
        was_open = self.core.is_open
        wait = self.core.step(self._uptime())
        connection = self._connection
        if not self.core.wants_link():
            if connection is not None or self._connecting is not None:
                if self.core.ended_by:
                    self._say(ending_of(self.core.ended_by))
                self._drop_link()
                self.core.closed(self._uptime())
                wait = 0
        elif connection is None:
            if self._connecting is None:
                self._connecting = asyncio.create_task(self._connect())
        else:
            self._exchange(connection)
            if not self.core.wants_link():
                wait = 0
        if self.core.is_open and not was_open:
            self._say("session open")
        if self.core.is_done:
            self._done.set()
        return wait

    async def _connect(self) -> None:
        connection = _Connection(self)
        loop = asyncio.get_running_loop()
        try:
            await loop.create_connection(lambda: connection, self._address.host, self._address.port)
            self._connection = connection
            self._link.open(self._uptime())
        except OSError as fault:
            self._connection = connection
            self._lost(connection, str(fault))
        finally:
            if self._connecting is asyncio.current_task():
                self._connecting = None
            self._changed()

    def _exchange(self, connection: _Connection) -> None:
        transport = connection.transport
        if transport is None or transport.is_closing():
            return
        try:
            while connection.is_writable:
                data = self._link.output()
                if not data:
                    break
                transport.write(data)
            if self._link.has_rest:
                self._link.take(self._uptime(), b"")
        except (OSError, ssl.SSLError) as fault:
            self._lost(connection, str(fault))
            return
        if not self._link.has_rest and not transport.is_reading():
            transport.resume_reading()

    def _received(self, connection: _Connection, data: bytes) -> None:
        if connection is not self._connection:
            return
        try:
            self._link.take(self._uptime(), data)
        except (OSError, ssl.SSLError) as fault:
            self._lost(connection, str(fault))
            return
        if self._link.has_rest and connection.transport is not None:
            connection.transport.pause_reading()
        self._changed()

    def _lost(self, connection: _Connection, why: str) -> None:
        if connection is not self._connection:
            return
        self._say(ending_of(self.core.ended_by) if self.core.ended_by else "link lost: " + why)
        self._drop_link()
        self.core.closed(self._uptime())
        self._changed()

    def _drop_link(self) -> None:
        if self._connecting is not None:
            self._connecting.cancel()
            self._connecting = None
        connection, self._connection = self._connection, None
        if connection is not None and connection.transport is not None:
            # What was written goes out, for a moment.
            transport = connection.transport
            transport.close()
            asyncio.get_running_loop().call_later(LAST_BYTES_MS / 1000, transport.abort)
        self._link.close()


def begin(
    *,
    url: str,
    ca: "str | None" = None,
    state: "str | None" = None,
    on_log: "Callable[[str], object] | None" = None,
    **settings: Any,
) -> Device:
    """As `device_hub.begin`, for asyncio."""
    return Device(url=url, ca=ca, state=state, on_log=on_log, **settings)
