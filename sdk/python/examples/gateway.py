"""A gateway, with asyncio: it speaks for several sensors that have no network of their own, each with its own id and session.

HUB_DEVICES has `id:secret` of each, separated by blanks; the others are HUB_URL, HUB_CA and HUB_DEVICE_STATE.
"""

import asyncio
import os

from device_hub import aio
import env_sensor


async def serve(index: int, id: str, secret: str) -> None:
    state = os.environ.get("HUB_DEVICE_STATE")
    device = aio.begin(
        url=os.environ["HUB_URL"],
        ca=os.environ.get("HUB_CA"),
        state=None if state is None else os.path.join(state, id),
        id=id,
        secret=secret,
        type=env_sensor.TYPE,
    )
    async with device:
        while True:
            device.measure("env", env_sensor.StreamEnv(temperature=20 + index, rssi=-60 - index).data())
            await asyncio.sleep(1)


async def main() -> None:
    devices = [word.split(":", 1) for word in os.environ["HUB_DEVICES"].split()]
    await asyncio.gather(*[serve(index, id, secret) for index, (id, secret) in enumerate(devices)])


asyncio.run(main())
