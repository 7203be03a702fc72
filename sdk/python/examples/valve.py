"""A valve, with asyncio: its position by command, which takes its time; the flow as often as its desired state says; an event when it
leaks; a line in its log when it moves.

Settings come from the environment: HUB_URL, HUB_CA, HUB_DEVICE_ID, HUB_DEVICE_SECRET, HUB_DEVICE_STATE.
"""

import asyncio
import os
from typing import Sequence, Tuple

from device_hub import Command, aio
import smart_valve

FACTORY_INTERVAL_SEC = 2


class Valve:
    """The device and its motor, which moves ten percent in a tenth of a second."""

    def __init__(self) -> None:
        self.position = 0.0
        self.is_moving = False
        self.interval_sec = FACTORY_INTERVAL_SEC
        self.fail_position = "closed"
        self.device = aio.begin(
            url=os.environ["HUB_URL"],
            ca=os.environ.get("HUB_CA"),
            state=os.environ.get("HUB_DEVICE_STATE"),
            id=os.environ["HUB_DEVICE_ID"],
            secret=os.environ["HUB_DEVICE_SECRET"],
            type=smart_valve.TYPE,
            on_command={"set-position": self.set_position, "close": self.close},
            on_desired=self.desire,
        )

    async def set_position(self, command: Command) -> dict:
        target = smart_valve.SetPositionParams.from_data(command.params).percent
        if self.is_moving:
            raise RuntimeError("it is moving")
        self.is_moving = True
        while self.position != target:
            await asyncio.sleep(0.1)
            self.position += max(-10, min(10, target - self.position))
            self.device.progress(command.id, self.position, "moving")
        self.is_moving = False
        return smart_valve.SetPositionOutput(position=self.position).data()

    def close(self, command: Command) -> None:
        self.position = 0.0

    def desire(self, state: dict) -> None:
        try:
            desired = smart_valve.Desired.from_data(state)
        except ValueError as fault:
            self.report_settings([("", str(fault))])
            return
        # What it does not name is back at the default.
        self.interval_sec = desired.intervalSec or FACTORY_INTERVAL_SEC
        self.fail_position = desired.failPosition or "closed"
        self.report_settings()

    def report_settings(self, errors: Sequence[Tuple[str, str]] = ()) -> None:
        holds = smart_valve.Reported(intervalSec=self.interval_sec, failPosition=self.fail_position)
        self.device.reported(holds.data(), errors)

    async def run(self) -> None:
        async with self.device:
            self.report_settings()
            self.device.report("leak", "critical", smart_valve.EventLeak(zone="cellar").data())
            while True:
                reading = smart_valve.StreamFlow(flow=self.position * 1.2, position=self.position, mode="automatic")
                self.device.measure("flow", reading.data())
                await asyncio.sleep(self.interval_sec)


asyncio.run(Valve().run())
