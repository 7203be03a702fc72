"""A device for the tests that takes new firmware: FIRMWARE is what it runs. It ends when it has applied 2.0.0, and as 2.0.0 after a while."""

import os
import sys

import device_hub
from device_hub import firmware

wanted = []
address = {"url": os.environ["HUB_URL"], "ca": os.environ["HUB_CA"], "id": os.environ["HUB_DEVICE_ID"], "secret": os.environ["HUB_DEVICE_SECRET"]}
device = device_hub.begin(
    **address, type="env-sensor@1", firmware=os.environ["FIRMWARE"], on_update=lambda update: update and wanted.append(update)
)
if os.environ["FIRMWARE"] == "2.0.0":
    device.step(3000)
    sys.exit(0)
while not wanted:
    device.step(100)
(update,) = wanted
device.update_status("downloading", 0)
device.step(0)
path = os.environ["HUB_DEVICE_STATE"] + ".bin"
firmware.fetch(update, path, **address)
device.update_status("applying")
device.bye()
device.step(5000)
print(update["version"], os.path.getsize(path))
