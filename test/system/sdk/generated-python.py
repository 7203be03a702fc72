"""Checks values by a generated module: a line of {"name", "data"} in, what it makes of it out."""

import importlib
import json
import sys

sys.path.insert(0, sys.argv[1])
dicts = importlib.import_module(sys.argv[2] + "_dicts")
classes = importlib.import_module(sys.argv[2])
for line in sys.stdin:
    call = json.loads(line)
    try:
        checked = getattr(dicts, call["name"])(call["data"])
    except ValueError as refusal:
        print(json.dumps({"refusal": str(refusal)}))
        continue
    # The class of the same name takes what the function has made of it, and gives the same.
    name = "".join(part[:1].upper() + part[1:] for part in call["name"].split("_"))
    if None not in checked.values():
        assert getattr(classes, name).from_data(checked).data() == checked, line
    print(json.dumps({"data": checked}, allow_nan=False))
