"""A sensor: a reading every second, or as often as the hub wants, kept until the hub has it, over reboots too. It takes new firmware: a
program in Python, which it runs in its own place.

Settings come from the environment, as `sim check` gives them: HUB_URL, HUB_CA, HUB_DEVICE_ID, HUB_DEVICE_SECRET, HUB_DEVICE_STATE.
"""

import os
import random
import sys
import time

import device_hub
import env_sensor
from device_hub import firmware

VERSION = "1.0.0"

settings = env_sensor.Desired(intervalSec=1, offset={"temperature": 0})


def identify(command: device_hub.Command) -> None:
    print("blink")


def set_interval(command: device_hub.Command) -> None:
    # A parameter that the type does not allow raises ValueError, and the command is rejected.
    settings.intervalSec = env_sensor.SetIntervalParams.from_data(command.params).seconds
    report_settings()


def desire(state: dict) -> None:
    global settings
    # What the type does not allow raises ValueError, which the hub is told.
    settings = env_sensor.Desired.from_data(state)
    # What it does not name is back at the default.
    settings.intervalSec = settings.intervalSec or 1
    settings.offset = {"temperature": 0, **(settings.offset or {})}
    report_settings()


def report_settings() -> None:
    holds = env_sensor.Reported(intervalSec=settings.intervalSec, alias=settings.alias, offset=settings.offset)
    device.reported(holds.data())


def apply(update: dict, path: str) -> None:
    device.end()
    os.execv(sys.executable, [sys.executable, path])


def refused(code: str, path: str, rule: str) -> None:
    print("refused:", code, path, rule, file=sys.stderr)


address = {"url": os.environ["HUB_URL"], "ca": os.environ.get("HUB_CA")}
state = os.environ.get("HUB_DEVICE_STATE")
updates = firmware.Updates(os.path.join(state or ".", "firmware.py"), apply, **address)
device = device_hub.begin(
    **address,
    state=state,
    id=os.environ["HUB_DEVICE_ID"],
    secret=os.environ["HUB_DEVICE_SECRET"],
    type=env_sensor.TYPE,
    firmware=VERSION,
    on_command={"identify": identify, "set-interval": set_interval},
    on_desired=desire,
    on_update=updates.on_update,
    on_refused=refused,
    on_log=lambda text: print(text, file=sys.stderr),
)
report_settings()
measured = -1.0
while True:
    if measured < 0 or time.monotonic() - measured >= settings.intervalSec:
        measured = time.monotonic()
        temperature = 20 + 10 * random.random() + settings.offset["temperature"]
        reading = env_sensor.StreamEnv(temperature=temperature, humidity=40 + 20 * random.random())
        device.measure("env", reading.data())
    updates.step(device)
    device.step(100)
