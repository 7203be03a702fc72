"""A device of the hub: its readings, events, commands and settings. See README.md.

`begin` makes a device on sockets; `device_hub.aio.begin` one for asyncio; `device_hub.core.begin` the protocol alone.
"""

import sys

from .commands import RUNNING, Command, Rejected
from .core import Core, Counts

if sys.implementation.name == "micropython":

    def begin(**settings):  # type: ignore[no-untyped-def]
        """A device on the sockets of the board; see micropython.py."""
        # Not before it is wanted: a port without sockets has the core all the same.
        from .micropython import begin as begin_on_board

        return begin_on_board(**settings)

else:
    from .device import Device, begin  # type: ignore[assignment]

__all__ = ("RUNNING", "Command", "Core", "Counts", "Device", "Rejected", "begin")
