"""A sensor: a reading every second, kept until the hub has it, over reboots too.

Settings come from the environment, as `sim check` gives them: HUB_URL, HUB_CA, HUB_DEVICE_ID, HUB_DEVICE_SECRET, HUB_DEVICE_STATE.
"""

import os
import random
import sys

import device_hub
import env_sensor

interval_sec = 1


def identify(command: device_hub.Command) -> None:
    print("blink")


def set_interval(command: device_hub.Command) -> None:
    global interval_sec
    # A parameter that the type does not allow raises ValueError, and the command is rejected.
    interval_sec = env_sensor.SetIntervalParams.from_data(command.params).seconds


def refused(code: str, path: str, rule: str) -> None:
    print("refused:", code, path, rule, file=sys.stderr)


device = device_hub.begin(
    url=os.environ["HUB_URL"],
    ca=os.environ.get("HUB_CA"),
    state=os.environ.get("HUB_DEVICE_STATE"),
    id=os.environ["HUB_DEVICE_ID"],
    secret=os.environ["HUB_DEVICE_SECRET"],
    type=env_sensor.TYPE,
    firmware="1.0.0",
    on_command={"identify": identify, "set-interval": set_interval},
    on_refused=refused,
    on_log=lambda text: print(text, file=sys.stderr),
)
while True:
    reading = env_sensor.StreamEnv(temperature=20 + 10 * random.random(), humidity=40 + 20 * random.random())
    device.measure("env", reading.data())
    device.step(interval_sec * 1000)
