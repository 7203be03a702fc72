"""A device that sleeps: it wakes, takes a reading, waits until the hub has stored everything, and sleeps again.

Here to sleep is to end, and whatever starts the program again wakes it; the state folder is its flash.
Settings come from the environment: HUB_URL, HUB_CA, HUB_DEVICE_ID, HUB_DEVICE_SECRET, HUB_DEVICE_STATE.
"""

import os
import sys

import device_hub
import env_sensor_dicts as env_sensor

SLEEP_SEC = 600
# No hub in this time: the reading stays in the store, and goes with the next one.
AWAKE_MS = 20000

device = device_hub.begin(
    url=os.environ["HUB_URL"],
    ca=os.environ.get("HUB_CA"),
    state=os.environ.get("HUB_DEVICE_STATE"),
    id=os.environ["HUB_DEVICE_ID"],
    secret=os.environ["HUB_DEVICE_SECRET"],
    type=env_sensor.TYPE,
)
device.measure("env", env_sensor.stream_env({"temperature": 4.25, "battery": 3.61}))
device.bye(SLEEP_SEC)
device.step(AWAKE_MS)
device.end()
sys.exit(0 if device.is_done else 2)
