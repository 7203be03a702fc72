"""The same readings as JSON, in CBOR with names and in short forms: HUB_CBOR is "", "names" or "short". Ends when the hub has them all."""

import os

import device_hub
import env_sensor

device = device_hub.begin(
    url=os.environ["HUB_URL"],
    ca=os.environ.get("HUB_CA"),
    id=os.environ["HUB_DEVICE_ID"],
    secret=os.environ["HUB_DEVICE_SECRET"],
    type=env_sensor.TYPE,
    cbor={"": False, "names": True, "short": env_sensor.LAYOUT}[os.environ["HUB_CBOR"]],
)
begin_ms = int(os.environ["BEGIN_MS"])
for number in range(30):
    data = {"temperature": 20 + number / 100, "humidity": 40 + number / 7}
    if number % 3:
        data["rssi"] = -number
    device.measure("env", data, ts=begin_ms + number * 100.125)
device.bye()
while not device.is_done:
    device.step(1000)
