"""A device in plain Python (standard library only), written from schemas/README.md alone.

Usage: python3 python-client.py HOST PORT CA_FILE DEVICE_ID SECRET [fleet]

It opens a session, sends a good and a bad reading, answers one command, says goodbye, and prints what the hub
answered as one JSON object. With `fleet` it holds what is desired of it, downloads the firmware that it should run,
boots into it, and stays.
"""

import base64
import hashlib
import http.client
import json
import os
import socket
import ssl
import struct
import sys
import time


class WebSocket:
    """As much of RFC 6455 as a device needs: masked text frames out, whole messages in."""

    def __init__(self, host, port, ca_file, device_id, secret):
        context = ssl.create_default_context(cafile=ca_file)
        plain = socket.create_connection((host, port), timeout=15)
        self.socket = context.wrap_socket(plain, server_hostname=host)
        self.buffer = b""
        key = base64.b64encode(os.urandom(16)).decode()
        credential = base64.b64encode(f"{device_id}:{secret}".encode()).decode()
        request = [
            "GET /v1/device HTTP/1.1",
            f"Host: {host}:{port}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Key: {key}",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Protocol: hub.v1.json",
            f"Authorization: Basic {credential}",
            "",
            "",
        ]
        self.socket.sendall("\r\n".join(request).encode())
        while b"\r\n\r\n" not in self.buffer:
            self.buffer += self.receive()
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        lines = head.decode().split("\r\n")
        if " 101 " not in lines[0]:
            raise SystemExit(f"refused: {lines[0]}")
        headers = {name.strip().lower(): value.strip() for name, value in (line.split(":", 1) for line in lines[1:])}
        accept = hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()
        assert headers["sec-websocket-accept"] == base64.b64encode(accept).decode()
        assert headers["sec-websocket-protocol"] == "hub.v1.json"

    def receive(self):
        data = self.socket.recv(65536)
        if not data:
            raise SystemExit("the hub closed the connection")
        return data

    def take(self, count):
        while len(self.buffer) < count:
            self.buffer += self.receive()
        data, self.buffer = self.buffer[:count], self.buffer[count:]
        return data

    def write(self, opcode, payload):
        mask = os.urandom(4)
        size = len(payload)
        if size < 126:
            head = struct.pack("!BB", 0x80 | opcode, 0x80 | size)
        else:
            head = struct.pack("!BBH", 0x80 | opcode, 0x80 | 126, size)
        masked = bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))
        self.socket.sendall(head + mask + masked)

    def send(self, frame):
        self.write(0x1, json.dumps(frame).encode())

    def next(self):
        """The hub's next frame, or ("close", code) when it closes. Pings are answered on the way."""
        while True:
            first, second = self.take(2)
            size = second & 0x7F
            if size == 126:
                (size,) = struct.unpack("!H", self.take(2))
            elif size == 127:
                (size,) = struct.unpack("!Q", self.take(8))
            payload = self.take(size)
            opcode = first & 0x0F
            if opcode == 0x9:
                self.write(0xA, payload)
            elif opcode == 0x8:
                self.write(0x8, payload)
                return ("close", struct.unpack("!H", payload[:2])[0])
            elif opcode == 0x1:
                return json.loads(payload)


def await_frame(ws, wanted):
    """The first frame that is wanted; others are passed over."""
    while True:
        frame = ws.next()
        if isinstance(frame, tuple):
            raise SystemExit(f"closed early: {frame}")
        if wanted(frame):
            return frame


def hold(ws, desired, report):
    """Takes the desired state as it is, reports it, and waits until the hub has that. Returns the revision."""
    ws.send({"type": "reported", "id": report, "patch": desired["state"], "desiredRev": desired["rev"]})
    await_frame(ws, lambda frame: frame["type"] == "ack" and frame.get("re") == report)
    return desired["rev"]


def download(host, port, ca_file, device_id, secret, update):
    """The firmware, with the device's own credential, once it is what the update says."""
    context = ssl.create_default_context(cafile=ca_file)
    connection = http.client.HTTPSConnection(host, port, timeout=15, context=context)
    credential = base64.b64encode(f"{device_id}:{secret}".encode()).decode()
    connection.request("GET", update["url"], headers={"Authorization": f"Basic {credential}"})
    answer = connection.getresponse()
    firmware = answer.read()
    assert answer.status == 200, answer.status
    assert len(firmware) == update["size"]
    assert hashlib.sha256(firmware).hexdigest() == update["sha256"]
    return firmware


def fleet(host, port, ca_file, device_id, secret):
    """Two boots: one with the old firmware and no desired state, and one with what the first was told."""
    ws = WebSocket(host, int(port), ca_file, device_id, secret)
    hello = {"type": "hello", "deviceType": "env-sensor@1", "t1": 1000}
    ws.send({**hello, "boot": "old-" + os.urandom(4).hex(), "firmware": "1.0.0"})
    welcome = ws.next()
    state = welcome["desired"]["state"]
    revision = hold(ws, welcome["desired"], "r-1")
    print("holds", flush=True)
    update = welcome.get("update") or await_frame(ws, lambda frame: frame["type"] == "update")
    firmware = download(host, int(port), ca_file, device_id, secret, update)
    ws.send({"type": "update-status", "re": update["id"], "state": "applying"})
    await_frame(ws, lambda frame: frame["type"] == "ack" and frame.get("re") == update["id"])
    ws.send({"type": "bye"})
    while not isinstance(ws.next(), tuple):
        pass

    ws = WebSocket(host, int(port), ca_file, device_id, secret)
    boot = "new-" + os.urandom(4).hex()
    ws.send({**hello, "boot": boot, "firmware": update["version"], "desiredRev": revision})
    welcome = ws.next()
    hold(ws, {"state": state, "rev": revision}, "r-2")
    seen = {"state": state, "bytes": len(firmware), "again": [name for name in ("desired", "update") if name in welcome]}
    print(json.dumps(seen), flush=True)
    while not isinstance(ws.next(), tuple):
        pass


def readings(host, port, ca_file, device_id, secret):
    booted = time.monotonic()

    def uptime():
        return int((time.monotonic() - booted) * 1000) + 1000

    ws = WebSocket(host, int(port), ca_file, device_id, secret)
    ws.send({"type": "hello", "boot": "py-" + os.urandom(4).hex(), "deviceType": "env-sensor@1", "t1": uptime()})
    welcome = ws.next()
    assert welcome["type"] == "welcome", welcome
    seen = {"welcome": welcome, "nacks": [], "acks": [], "commandAcks": [], "commands": [], "heartbeats": []}

    # One reading without a clock, one with the time the hub told, and one that breaks the schema.
    ws.send({"type": "telemetry", "seq": 1, "stream": "env", "up": uptime(), "data": {"temperature": 19.5}})
    ws.send({"type": "telemetry", "seq": 2, "stream": "env", "ts": welcome["now"], "data": {"temperature": 20.25, "rssi": -70}})
    ws.send({"type": "telemetry", "seq": 3, "stream": "env", "ts": welcome["now"], "data": {"temperature": 900}})
    ws.send({"type": "heartbeat", "t1": uptime()})
    print("connected", flush=True)

    settled = answered = False
    while not (settled and answered and seen["heartbeats"]):
        frame = ws.next()
        if isinstance(frame, tuple):
            raise SystemExit(f"closed early: {frame}")
        kind = frame["type"]
        if kind == "nack":
            seen["nacks"].append(frame)
        elif kind == "heartbeat":
            seen["heartbeats"].append(frame)
        elif kind == "ack" and "upTo" in frame:
            seen["acks"].append(frame["upTo"])
            settled = frame["upTo"] == 3
        elif kind == "ack":
            seen["commandAcks"].append(frame["re"])
            answered = True
        elif kind == "command":
            seen["commands"].append(frame)
            ws.send({"type": "received", "re": frame["id"]})
            ws.send({"type": "result", "re": frame["id"], "status": "succeeded"})

    ws.send({"type": "bye"})
    frame = ws.next()
    while not isinstance(frame, tuple):
        frame = ws.next()
    seen["close"] = frame[1]
    print(json.dumps(seen), flush=True)


def main():
    *device, mode = sys.argv[1:] if len(sys.argv) == 7 else [*sys.argv[1:], "readings"]
    {"readings": readings, "fleet": fleet}[mode](*device)


main()
