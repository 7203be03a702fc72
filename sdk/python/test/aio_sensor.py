"""The sensor of the examples on asyncio, for `sim check`."""

import asyncio
import os
import random

import device_hub
from device_hub import aio


async def identify(command: device_hub.Command) -> None:
    await asyncio.sleep(0)


async def main() -> None:
    device = aio.begin(
        url=os.environ["HUB_URL"],
        ca=os.environ.get("HUB_CA"),
        state=os.environ["HUB_DEVICE_STATE"],
        id=os.environ["HUB_DEVICE_ID"],
        secret=os.environ["HUB_DEVICE_SECRET"],
        type="env-sensor@1",
        on_command={"identify": identify, "set-interval": lambda command: None},
        on_log=print,
    )
    async with device:
        while True:
            device.measure("env", {"temperature": round(20 + 10 * random.random(), 2)})
            await asyncio.sleep(1)


asyncio.run(main())
