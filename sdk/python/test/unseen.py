"""A device for the tests. `unseen.py measure` takes 20 readings in BOOTS boots and is gone, without a hub; `unseen.py deliver` sends
what is in its store and ends when the hub has it. With BOARD, the port is that for MicroPython; with AIO, it sends by asyncio."""

import asyncio
import os
import sys
import time

import device_hub
from device_hub import aio


def begin(module=device_hub):
    if "BOARD" in os.environ:
        import board as module
    return module.begin(
        url=os.environ["HUB_URL"],
        ca=os.environ["HUB_CA"],
        state=os.environ["HUB_DEVICE_STATE"],
        id=os.environ["HUB_DEVICE_ID"],
        secret=os.environ["HUB_DEVICE_SECRET"],
        type="env-sensor@1",
    )


if sys.argv[1] == "measure":
    boots = int(os.environ.get("BOOTS", "1"))
    for boot in range(boots):
        device = begin()
        for index in range(20 // boots):
            # Two in one millisecond would be one.
            time.sleep(0.002)
            if not device.measure("env", {"temperature": boot * (20 // boots) + index}):
                sys.exit("a reading is lost")
            device.step(0)
        device.end()
else:
    if "AIO" in os.environ:

        async def deliver():
            async with begin(aio) as device:
                device.bye()
                await asyncio.wait_for(device.done(), 20)
                return device

        device = asyncio.run(deliver())
    else:
        device = begin()
        device.bye()
        device.step(20000)
    counts = device.counts
    print(counts.settled, "settled,", counts.refused, "refused,", counts.sessions, "sessions")
    sys.exit(0 if device.is_done and counts.settled == 20 else 2)
