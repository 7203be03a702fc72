"""What an application does with a device, whatever moves its bytes."""

from .core import Core
from .store import FileMemory, FileStore, Folder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, Sequence, Tuple


def stores(
    state: "str | None", settings: "Dict[str, Any]", store_bytes: int = 4 << 20, memory_bytes: int = 64 << 10
) -> "Dict[str, Any]":
    """The settings, with store and memory in this folder unless they are set. Raises OSError when it cannot be used."""
    made = dict(settings)
    if state is not None:
        folder = Folder(state)
        if "store" not in made:
            made["store"] = FileStore(folder, store_bytes)
        if "memory" not in made:
            made["memory"] = FileMemory(folder, memory_bytes)
    return made


class Address:
    """Where a hub is: `wss://HOST:PORT`, perhaps with the path that all hubs have."""

    def __init__(self, url: str) -> None:
        """Raises ValueError when it is none."""
        scheme, _, rest = url.partition("://")
        authority, _, path = rest.partition("/")
        if scheme not in ("ws", "wss") or not authority or path not in ("", "v1/device") or "@" in authority:
            raise ValueError("%s is not wss://HOST:PORT" % url)
        self.has_tls = scheme == "wss"
        self.authority = authority
        host, colon, port = authority.rpartition(":")
        if not colon or "]" in port:
            host, port = authority, "443" if self.has_tls else "80"
        self.host = host[1:-1] if host[:1] == "[" else host
        if not self.host or not port.isdigit() or not 0 < int(port) < 65536:
            raise ValueError("%s has no host, or no port between 1 and 65535" % url)
        self.port = int(port)


# What a person can do something about; the other codes are in schemas/README.md.
MEANINGS = {
    401: ": the hub does not accept this id and secret",
    403: ": this device is disabled or revoked",
    404: ": this is not the device address of a hub",
    4400: ": the hub does not understand this device; perhaps it does not know its type",
    4403: ": this device is disabled or revoked",
    4409: ": another session uses this id",
}


def ending_of(code: int) -> str:
    """A line for the log when the hub has ended the link with this code: `ended_by` of the core."""
    why = "%s %d%s" % ("HTTP" if code < 1000 else "code", code, MEANINGS.get(code, "")) if code else "it did not say why"
    return "the hub has ended the link: " + why


class Application:
    """The calls of all SDKs (sdk/README.md). They are for one thread; core.py says more of each."""

    def __init__(self, core: Core, uptime: "Callable[[], int]") -> None:
        self.core = core
        self.counts = core.counts
        self._uptime = uptime

    def _changed(self) -> None:
        """There is something to send."""

    def measure(
        self, stream: str, data: "Dict[str, object]", ts: "float | None" = None, backfill: bool = False
    ) -> bool:
        """A reading that was taken now, or at `ts`. False when it is lost."""
        kept = self.core.measure(self._uptime(), stream, data, ts, backfill)
        self._changed()
        return kept

    def report(
        self,
        name: str,
        severity: str = "info",
        data: "Dict[str, object] | None" = None,
        ts: "float | None" = None,
        backfill: bool = False,
    ) -> bool:
        """An event that happened now, or at `ts`: info, warning or critical. False when it is lost."""
        kept = self.core.report(self._uptime(), name, severity, data, ts, backfill)
        self._changed()
        return kept

    def log(self, level: str, msg: str, tag: "str | None" = None) -> bool:
        """A line for the log of the device: debug, info, warning or error. False when it is not taken."""
        kept = self.core.log(self._uptime(), level, msg, tag)
        self._changed()
        return kept

    def answer(self, id: str, status: str = "succeeded", output: object = None, error: str = "") -> bool:
        """A command has ended that returned RUNNING. False when there is no such command."""
        known = self.core.answer(id, status, output, error)
        self._changed()
        return known

    def progress(self, id: str, percent: "float | None" = None, note: "str | None" = None) -> bool:
        """How far a command is. False when it could not be sent now."""
        sent = self.core.progress(id, percent, note)
        self._changed()
        return sent

    def reported(self, state: "Dict[str, object]", errors: "Sequence[Tuple[str, str]]" = ()) -> None:
        """What holds on the device now, all of it, and what of the desired state could not be taken."""
        self.core.reported(state, errors)
        self._changed()

    def update_status(self, state: str, percent: "float | None" = None, error: str = "") -> bool:
        """How far the device is with the update of `on_update`. False when the hub wants none."""
        wanted = self.core.update_status(state, percent, error)
        self._changed()
        return wanted

    def bye(self, sleep_sec: "float | None" = None) -> None:
        """Say goodbye when everything is sent; `is_done` is true when the hub has it all."""
        self.core.bye(sleep_sec)
        self._changed()

    def wake(self) -> None:
        """The device goes on after `is_done`."""
        self.core.wake()
        self._changed()

    @property
    def is_done(self) -> bool:
        """The hub has everything, and has closed after `bye`."""
        return self.core.is_done

    @property
    def is_open(self) -> bool:
        """The session is open."""
        return self.core.is_open

    def time(self) -> "int | None":
        """The hub's clock, Unix ms; None before the first welcome."""
        return self.core.time(self._uptime())
