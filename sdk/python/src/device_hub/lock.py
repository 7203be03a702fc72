"""The lock of a folder. CPython."""

from typing import Any

try:
    import fcntl
except ImportError:
    fcntl = None  # type: ignore[assignment]

from .store import Folder


class StateLock:
    """A folder for one device: two would write into the same files. It is taken until `release`, or until the process ends."""

    def __init__(self, state: "str | None") -> None:
        """Raises OSError when another device uses it. A system without such locks has none."""
        self._file: "Any" = None
        if state is None or fcntl is None:
            return
        Folder(state)
        try:
            self._file = open(state + "/lock", "ab")
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.release()
            raise OSError("%s is in use by another device: give each device a state of its own" % state) from None
        except OSError:
            # Not on this file system, or the disk is full: the device goes on without it.
            self.release()

    def release(self) -> None:
        """Another device may take it."""
        if self._file is not None:
            self._file.close()
        self._file = None
