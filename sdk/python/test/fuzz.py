"""Hostile input for each part, and what must hold whatever comes. `python3 fuzz.py PART SEED COUNT` runs so many inputs.

A fifth argument runs the last of them alone, with what is named by the message of a finding.
"""

import binascii
import json
import os
import random
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "src"))

from device_hub import RUNNING, Rejected, cbor, websocket
from device_hub.core import ENDING, IDLE, OPEN, WELCOMING, begin
from device_hub.store import FileMemory, FileStore, RamStore
from device_hub.text import dumps, object_of


class PowerCut(BaseException):
    """The power is gone: nothing of the program goes on."""


class Disk:
    """Files that outlive the power, as far as they were written. It has the five functions of store.Folder."""

    def __init__(self) -> None:
        self.files = {}
        # Bytes until the power is cut, or until the disk is full; None: never.
        self.power = None
        self.room = None

    def names(self):
        return list(self.files)

    def lines(self, name):
        return iter(self.files[name].splitlines(True)) if b"\r" not in self.files[name] else iter(_lines(self.files[name]))

    def read(self, name, at, length):
        return self.files[name][at : at + length]

    def append(self, name, data, durable=True):
        self.files.setdefault(name, b"")
        if self.room is not None and self.room < len(data):
            self.files[name] += data[: self.room]
            self.room = 0
            raise OSError(28, "No space left on device")
        if self.power is not None and self.power < len(data):
            # What the power cut is there in part, or not at all, or as zeros.
            part = data[: self.power]
            self.files[name] += part if self.power % 3 else part[: len(part) // 2] + bytes(len(part) - len(part) // 2)
            raise PowerCut
        self.files[name] += data
        if self.room is not None:
            self.room -= len(data)
        if self.power is not None:
            self.power -= len(data)

    def remove(self, name):
        if self.power is not None and self.power < 4:
            raise PowerCut
        del self.files[name]


def _lines(data):
    parts = data.split(b"\n")
    return [part + b"\n" for part in parts[:-1]] + ([parts[-1]] if parts[-1] else [])


class Broken(BaseException):
    """A promise that does not hold. No handler of faults may catch it."""


def check(condition, what):
    if not condition:
        raise Broken(what)


# ---- the store ---------------------------------------------------------------------------------------------------------


def fuzz_store(draw):
    """A record that was appended is there until it is dropped; one that the power cut is there whole or not at all."""
    disk = Disk()
    limit = draw.choice((600, 2000, 100000))
    store = FileStore(disk, limit, 4)
    there, perhaps, gone = {}, {}, set()
    for _ in range(draw.randrange(80)):
        if draw.random() < 0.1:
            disk.power = draw.randrange(120)
        if draw.random() < 0.05:
            disk.room = draw.randrange(120)
        elif draw.random() < 0.1:
            disk.room = None
        record = b"%d" % draw.randrange(1000) * draw.randrange(1, 20)
        number = None
        try:
            if draw.random() < 0.6:
                try:
                    number = store.append(record)
                except OSError:
                    number = 0
                if number:
                    check(number not in there and number not in gone, "the number %d is new" % number)
                    there[number] = record
            else:
                number = store.next(draw.choice((0, 0, draw.randrange(50))))
                if number:
                    perhaps[number] = there.pop(number)
                    store.drop(number)
                    gone.add(number)
                    # Its line may be lost with the power.
        except PowerCut:
            disk.power = None
            disk.room = None
            if number is None:
                perhaps[None] = record
            store = FileStore(disk, limit, 4)
            _look(store, there, perhaps, gone)
        if draw.random() < 0.05:
            disk.power = None
            store = FileStore(disk, limit, 4)
            _look(store, there, perhaps, gone)
    disk.power = None
    _look(store, there, {}, set())
    store = FileStore(disk, limit, 4)
    _look(store, there, perhaps, gone)
    check(store.damaged == 0, "no line is taken for a damaged one")


def _look(store, there, perhaps, gone):
    """What is in the store is what should be; what is perhaps there is known from now on."""
    found = {}
    number = store.next(0)
    while number:
        found[number] = store.read(number)
        number = store.next(number)
    for number, record in there.items():
        check(found.get(number) == record, "record %d is %r, not %r" % (number, found.get(number), record))
    for number, record in found.items():
        if number in there:
            continue
        known = perhaps.get(number, perhaps.get(None))
        check(record == known, "record %d is %r, which nobody has written" % (number, record))
        there[number] = record
        gone.discard(number)
    if not found:
        # Nothing is left of them: with its files deleted, a store that is opened counts anew.
        gone.clear()
    perhaps.clear()


# ---- the memory --------------------------------------------------------------------------------------------------------


def fuzz_memory(draw):
    """A value is the one that was saved last, or, when the power was cut at that, the one before."""
    disk = Disk()
    limit = draw.choice((100, 400))
    memory = FileMemory(disk, limit)
    values = {}
    for _ in range(draw.randrange(60)):
        if draw.random() < 0.15:
            disk.power = draw.randrange(200)
        disk.room = draw.randrange(80) if draw.random() < 0.1 else None
        key = draw.choice("abcd")
        text = None if draw.random() < 0.2 else draw.choice(("x", '{"a":1}')) * draw.randrange(1, 8)
        before = values.get(key)
        try:
            if memory.save(key, text):
                values[key] = text
                check(memory.load().get(key) == text, "%s is saved" % key)
            else:
                values[key] = None
                memory = FileMemory(disk, limit)
                values[key] = memory.load().get(key)
                check(values[key] in (text, before), "%s is one of both" % key)
        except PowerCut:
            disk.power = None
            memory = FileMemory(disk, limit)
            values[key] = memory.load().get(key)
            check(values[key] in (text, before), "%s is %r, not %r or %r" % (key, values[key], text, before))
        if draw.random() < 0.1:
            disk.power = None
            memory = FileMemory(disk, limit)
        for name in values:
            check(memory.load().get(name) == values[name], "%s is %r" % (name, values[name]))


# ---- WebSocket and JSON ------------------------------------------------------------------------------------------------


def fuzz_bytes(draw):
    """Whatever comes, however it is cut, is a message, nothing yet, or a fault; what is sent is read again."""
    payload = bytes([draw.randrange(256) for _ in range(draw.choice((0, 5, 125, 126, 300)))])
    sent = websocket.frame(draw.choice((1, 8, 9, 10)), payload, bytes([draw.randrange(256) for _ in range(4)]))
    check(_unmasked(sent)[0][1] == payload, "a frame is read as it was written")
    data = bytes([draw.randrange(256) for _ in range(draw.randrange(40))])
    if draw.random() < 0.7:
        data = b"".join([_hub_frame(draw, draw.choice(TEXTS).encode()) for _ in range(draw.randrange(4))])
    frames = websocket.Frames(512, websocket.TEXT)
    try:
        while data:
            cut = draw.randrange(1, len(data) + 1)
            frames.feed(data[:cut])
            data = data[cut:]
            while True:
                found = frames.next()
                if found is None:
                    break
                check(len(found[1]) <= 512, "a message is as long as it may be")
                object_of(found[1])
    except websocket.Fault:
        pass
    answer = websocket.Answer("a", "hub.v1.json")
    head = draw.choice((b"HTTP/1.1 101 S\r\nUpgrade: websocket\r\n\r\n", b"HTTP/1.1 503 B\r\nRetry-After: 9999999999999\r\n\r\n{"))
    head = _spoiled(draw, head) if draw.random() < 0.7 else bytes([draw.randrange(256) for _ in range(60)])
    while head and not answer.ended and not answer.broken:
        head = head[answer.take(head[: draw.randrange(1, 30)]) :]
    check(not answer.accepted, "a spoiled answer opens nothing")
    for key in ("a", "b"):
        answer = websocket.Answer("a", "hub.v1.json")
        answer.take(_accepting(websocket.Answer(key, "hub.v1.json").expected))
        check(answer.accepted == (key == "a"), "only the right key opens a session")
    value = _json(draw, 3)
    try:
        check(json.loads(dumps(value)) == _without_nan(value), "JSON is read as it was written")
    except TypeError:
        pass


def fuzz_cbor(draw):
    """Whatever bytes come, they are a frame or none; what is written is read again, and a short form says the same as the frame."""
    value = {"type": "x", "data": _json(draw, 3)}
    data = cbor.encode(_without_nan(value))
    check(cbor.frame_of(data) == _without_nan(value), "CBOR is read as it was written")
    for bad in (_spoiled(draw, data), bytes([draw.randrange(256) for _ in range(draw.randrange(60))])):
        found = cbor.frame_of(bad)
        check(found is None or isinstance(found, dict), "a frame is a dict")
        if found is not None:
            # What JSON does not have is not in it.
            json.dumps(found, allow_nan=False)
    number = draw.choice((draw.randrange(-9000, 9000) / 100, draw.random(), 1e300, 5))
    frame = {"type": "telemetry", "seq": 7, "stream": "env", "up": 5, "data": {"temperature": number, "mode": draw.choice("ab")}}
    _, seq, index, time, (steps, word) = cbor.shorten(frame, LAYOUT["streams"])
    steps = steps.value if isinstance(steps, cbor.Float) else steps / 100
    check((seq, index, time) == (7, 0, [5]) and steps == number and "ab"[word] == frame["data"]["mode"], "the short form")
    frame["data"]["other"] = 1
    check(cbor.shorten(frame, LAYOUT["streams"]) is frame, "what has no place has its name")


LAYOUT = {"fingerprint": "2-0123456789abcdef", "streams": [["env", [["temperature", 1, 100], ["mode", ["a", "b"]]]]]}


def _json(draw, depth):
    kind = draw.randrange(8 if depth else 6)
    if kind == 6:
        return [_json(draw, depth - 1) for _ in range(draw.randrange(4))]
    if kind == 7:
        return {"n%d" % index: _json(draw, depth - 1) for index in range(draw.randrange(4))}
    return draw.choice((None, True, 1 << 40, -0.5, 1e300, float("nan"), float("inf"), "a\n\u2028\U0001f600", ""))


def _without_nan(value):
    if isinstance(value, float) and value - value != 0:
        return None
    if isinstance(value, dict):
        return {name: _without_nan(item) for name, item in value.items()}
    return [_without_nan(item) for item in value] if isinstance(value, list) else value


def _spoiled(draw, data):
    data = bytearray(data)
    for _ in range(draw.randrange(3)):
        if data:
            data[draw.randrange(len(data))] = draw.randrange(256)
    return bytes(data[: draw.randrange(len(data) + 1)] if draw.random() < 0.2 else data)


def _hub_frame(draw, payload, opcode=None, usual=0x81):
    if opcode is None:
        opcode = usual if draw.random() < 0.98 else draw.randrange(256)
    if len(payload) < 126:
        return bytes((opcode, len(payload))) + payload
    return bytes((opcode, 126, len(payload) >> 8, len(payload) & 255)) + payload


def _unmasked(data):
    """The frames of a device, which must be whole and masked."""
    found = []
    while data:
        check(len(data) >= 6 and data[0] & 0x70 == 0 and data[0] & 0x80 and data[1] & 0x80, "a frame is final and masked")
        length, head = data[1] & 127, 2
        check(length != 127, "no frame is longer than 65,535 bytes")
        if length == 126:
            length, head = int.from_bytes(data[2:4], "big"), 4
        mask, payload = data[head : head + 4], data[head + 4 : head + 4 + length]
        check(len(payload) == length, "a frame is whole")
        found.append((data[0] & 15, bytes([byte ^ mask[index % 4] for index, byte in enumerate(payload)])))
        data = data[head + 4 + length :]
    return found


# ---- the core, with a hub that sends anything at any time --------------------------------------------------------------

WELCOME = {
    "type": "welcome",
    "epoch": 1,
    "t1": 5,
    "now": 1700000000000,
    "heartbeatSec": 1,
    "graceSec": 0.5,
    "ackDelayMs": 1,
    "backoffMaxMs": 250,
    "limits": {"frameBytes": 65536, "samples": 500, "inFlight": 3, "messagesPerSec": 20, "burst": 4},
    "desired": {"rev": 3, "state": {"a": {"b": 1}}},
}
TEXTS = [json.dumps(WELCOME)] + [
    '{"type":"ack","upTo":1}',
    '{"type":"ack","upTo":3}',
    '{"type":"ack","re":"c-1"}',
    '{"type":"nack","seq":1,"code":"schema","retry":false,"errors":[{"path":"/a","keyword":"type","expected":"x","got":"y"}]}',
    '{"type":"nack","seq":2,"code":"rate","retry":true,"retryAfterMs":10}',
    '{"type":"nack","seq":1,"code":"not-open","retry":true}',
    '{"type":"nack","re":"c-1","code":"schema","retry":true}',
    '{"type":"heartbeat","t1":5,"t2":1700000000000,"t3":1700000000000}',
    '{"type":"command","id":"c-1","name":"go","params":{"a":[1,{"b":2}]},"deadline":1800000000000,"ttlMs":1000}',
    '{"type":"command","id":"c-2","name":"slow","params":{},"deadline":1800000000000,"ttlMs":1000}',
    '{"type":"command","id":"c-3","name":"bad","params":{},"deadline":1800000000000,"ttlMs":1000}',
    '{"type":"cancel","re":"c-2"}',
    '{"type":"recall","ids":["c-1","c-9","c-8","c-7"]}',
    '{"type":"credential","id":"k","secret":"abcdefghijklmnopqrstuvwxyz"}',
    '{"type":"drain","reconnectAfterMs":20,"reason":"x"}',
    '{"type":"desired","rev":4,"state":{"a":{"b":[1,2]},"c":2}}',
    '{"type":"desired","rev":5,"state":{"bad":1}}',
    '{"type":"ack","re":"_r1"}',
    '{"type":"notice","topic":"t","data":{"a":"b"}}',
    '{"type":"ack","upTo":1e400}',
    '{"type":"nack","seq":-1,"retry":true,"retryAfterMs":NaN}',
    '{"type":["ack"],"upTo":{}}',
    '{"type":"welcome","heartbeatSec":"1","limits":[],"now":null}',
    "[" * 2000,
    '{"a":' + "9" * 4400 + "}",
]
CLOSES = (b"", b"\x03\xe8", b'\x03\xf4{"code":"draining","retryAfterMs":20}', b"\x11\x30{}", b"\x11\x39\xff")


class Application:
    """The device's own part, with a record of what it was asked to do, over all its boots."""

    def __init__(self):
        self.runs = {}
        self.core = None

    def run(self, command):
        self.runs[command.id] = self.runs.get(command.id, 0) + 1
        check(self.runs[command.id] == 1, "the command %s runs once" % command.id)
        if command.name == "slow":
            return RUNNING
        if command.name == "bad":
            raise Rejected("no")
        if command.name == "broken":
            raise KeyError("broken")
        return {"done": True}

    def desire(self, state):
        if "bad" in state:
            raise ValueError("bad")
        self.core.reported({"a": state.get("a", 0), "own": 1})


def _begin(app, disk, draw, up, **more):
    limit = more.pop("limit", 100000)
    store = FileStore(disk, limit, 4) if disk else RamStore(limit)
    app.core = begin(
        up,
        host="h",
        id="d-1",
        secret="s",
        type="t@1",
        store=store,
        memory=FileMemory(disk, 2000) if disk else None,
        random=lambda: draw.getrandbits(32),
        on_command=app.run,
        on_desired=app.desire,
        on_notice=lambda topic, data: None,
        on_refused=lambda code, path, rule: check(isinstance(code + path + rule, str), "texts"),
        on_fault=lambda fault: None,
        max_frame=512 if draw.random() < 0.3 else 65536,
        most_commands=draw.choice((1, 16)),
        **more,
    )
    return app.core


def _left(core):
    left, number = 0, core._store.next(0)
    while number:
        left, number = left + 1, core._store.next(number)
    return left


def _message(text, binary):
    """A text as the hub sends it with its subprotocol; in CBOR, what is no JSON is as it is."""
    if not binary:
        return text.encode()
    if text.startswith('{"type":"ack","upTo":1}'):
        return b"\x82\x02\x01"
    try:
        return cbor.encode(json.loads(text))
    except (ValueError, RecursionError):
        return text.encode()


def fuzz_core(draw):
    """No hub makes the device fail, send what is no frame, run a command twice or lose a reading without saying so."""
    app = Application()
    disk = Disk() if draw.random() < 0.7 else None
    binary = draw.choice((False, False, True, LAYOUT))
    kind = 2 if binary else 1
    core = _begin(app, disk, draw, 1000, cbor=binary, limit=draw.choice((2000, 100000)), drops_oldest=draw.random() < 0.5)
    up, linked, pending, upgraded, beat = 1000, False, b"", False, 0
    for _ in range(draw.randrange(250)):
        # The clock stands, goes, jumps far ahead, and back.
        up = max(0, up + draw.choice((0, 0, 1, 20, 300, 3000, -500)))
        if draw.random() < 0.001:
            up += 1 << 40
        what = draw.randrange(40)
        if disk is not None:
            disk.room = 10 if what == 39 else None
        if what < 6:
            core.measure(up, "env", {"a": draw.random()}, ts=None if what else 1700000000000, backfill=what == 1)
        elif what == 6:
            core.report(up, "leak", "critical")
        elif what == 7:
            core.answer("c-2", output={"b": 2})
        elif what == 8:
            core.progress("c-2", 50, "half")
        elif what == 9:
            core.log(up, "info", "text")
        elif what == 10:
            core.bye(60)
        elif what == 11:
            core.wake()
        wait = core.step(up)
        check(0 <= wait <= 60000, "step returns %r" % wait)
        if not core.wants_link():
            if linked:
                core.closed(up)
            linked, pending = False, b""
            up += wait // draw.choice((1, 4))
            continue
        if not linked:
            if draw.random() < 0.1:
                core.closed(up)
                continue
            core.opened(up)
            linked, upgraded, pending = True, False, b""
            check(core.output().startswith(b"GET /v1/device HTTP/1.1\r\n"), "the request")
            if draw.random() < 0.8:
                pending = _accept(core)
                if draw.random() < 0.7:
                    pending += _hub_frame(draw, _message(TEXTS[0], binary), 0x80 | kind)
                core.sent(len(core.output()))
                upgraded = True
            else:
                pending = _spoiled(draw, _accept(core)) if draw.random() < 0.5 else _refusal(draw)
                core.sent(len(core.output()))
        elif draw.random() < 0.01:
            core.closed(up)
            linked = False
            continue
        if upgraded and core._state in (WELCOMING, OPEN, ENDING) and draw.random() < 0.8:
            for opcode, payload in _unmasked(core.output()):
                check(opcode in (kind, 8, 10), "opcode %d" % opcode)
                if opcode == kind and payload[:1] in b"\x85\x86":
                    check(binary is LAYOUT, "only who has said its layout sends short forms")
                elif opcode == kind:
                    frame = cbor.frame_of(payload) if binary else json.loads(payload)
                    check(isinstance(frame["type"], str), "a frame is an object with a type")
                    check(frame.get("t1", beat) >= beat, "the uptime never falls")
                    beat = frame.get("t1", beat)
            core.sent(len(core.output()))
        if not pending:
            if draw.random() < 0.02:
                pending = _hub_frame(draw, draw.choice(CLOSES), 0x88)
            elif draw.random() < 0.05:
                pending = _hub_frame(draw, b"ping", 0x89)
            else:
                text = _message(draw.choice(TEXTS), binary)
                pending = _hub_frame(draw, _spoiled(draw, text) if draw.random() < 0.1 else text, usual=0x80 | kind)
        given = pending[: draw.randrange(len(pending) + 1)] if draw.random() < 0.2 else pending
        taken = core.take(up, given)
        check(0 <= taken <= len(given), "take returns %r" % taken)
        pending = pending[taken:]
    counts = core.counts
    left = _left(core)
    check(
        counts.measured == counts.settled + counts.refused + counts.lost + left,
        "measured %d = settled %d + refused %d + lost %d + left %d"
        % (counts.measured, counts.settled, counts.refused, counts.lost, left),
    )


def _accept(core):
    return _accepting(core._answer.expected, core._subprotocol)


def _accepting(key, subprotocol="hub.v1.json"):
    return (
        "HTTP/1.1 101 S\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Protocol: %s\r\n"
        "Sec-WebSocket-Accept: %s\r\n\r\n" % (subprotocol, key)
    ).encode()


def _refusal(draw):
    status = draw.choice((301, 302, 400, 401, 403, 404, 426, 429, 500, 503))
    body = draw.choice(('{"error":{"code":"too-many-attempts"}}', "", "<html>", "{" * 5000))
    return ("HTTP/1.1 %d X\r\nRetry-After: 1\r\nLocation: ws://other\r\n\r\n%s" % (status, body)).encode()


# ---- the core, with a good hub, a bad line and no power now and then ---------------------------------------------------


class Hub:
    """A hub as it should be: it stores what comes once, sends its commands until they are acked, and says what it has."""

    def __init__(self, draw):
        self.draw = draw
        self.stored = {}
        self.boots = set()
        self.commands = {}
        self.received = set()
        self.results = {}
        self.boot = ""
        self.seq = 0
        self.out = b""

    def connected(self):
        self.seq = 0
        self.out = b""

    def send(self, **frame):
        self.out += _hub_frame(self.draw, json.dumps(frame).encode(), 0x81)

    def command(self, id, name):
        self.commands[id] = name

    def take(self, opcode, payload, now):
        if opcode != 1:
            return
        frame = json.loads(payload)
        kind = frame["type"]
        if kind == "hello":
            check(len(frame.get("boots", ())) <= 8, "a hello has at most 8 boots")
            self.boot = frame["boot"]
            self.boots.update([boot["boot"] for boot in frame.get("boots", ())] + [frame["boot"]])
            welcome = {name: WELCOME[name] for name in WELCOME if name != "desired"}
            welcome.update(now=now, t1=frame["t1"], limits={"inFlight": 5, "messagesPerSec": 1000})
            self.send(**welcome)
            if self.commands:
                self.send(type="recall", ids=list(self.commands))
        elif kind in ("telemetry", "event"):
            self.seq += 1
            check(frame["seq"] == self.seq, "seq %d is %d" % (frame["seq"], self.seq))
            boot = frame.get("boot", self.boot)
            check(boot == frame["data"]["boot"] and boot in self.boots, "the hub knows that its boot was %s" % boot)
            if self.draw.random() < 0.1:
                self.send(type="nack", seq=self.seq, code="overloaded", retry=True, retryAfterMs=5)
            else:
                number = frame["data"]["n"]
                self.stored[number] = self.stored.get(number, 0) + 1
            self.send(type="ack", upTo=self.seq)
        elif kind == "heartbeat":
            self.send(type="heartbeat", t1=frame["t1"], t2=now, t3=now)
        elif kind == "received":
            self.received.add(frame["re"])
        elif kind == "result":
            id, status = frame["re"], frame["status"]
            if status == "unknown":
                # It never came, and may be sent no more.
                check(id not in self.results and id not in self.received, "what was received is not forgotten")
                self.commands.pop(id, None)
                return
            before = self.results.setdefault(id, status)
            check(before == status or "rejected" in (before, status), "%s ended as %s and as %s" % (id, before, status))
            self.commands.pop(id, None)
            self.send(type="ack", re=id)
        elif kind == "bye":
            self.out += _hub_frame(self.draw, b"\x03\xe8", 0x88)


def fuzz_session(draw):
    """With a good hub, all readings arrive and each command ends once, whatever happens to line and power in between."""
    app, disk, hub = Application(), Disk(), Hub(draw)
    up, hub_ms, linked, number, kept = 0, 1700000000000, False, 0, set()
    core = None
    sent_ids = 0
    rounds = draw.randrange(40, 200)
    # Sometimes no hub is to be reached before the end.
    is_away = draw.random() < 0.2
    for round in range(rounds + 4000):
        calm = round > rounds
        try:
            if core is None:
                up = draw.randrange(5)
                linked = False
                core = _begin(app, disk, draw, up)
            if not calm and draw.random() < 0.05:
                disk.power = draw.randrange(400)
            step = draw.choice((1, 10, 200)) if not calm else 50
            up, hub_ms = up + step, hub_ms + step
            if not calm and draw.random() < 0.3:
                number += 1

                if core.measure(up, "env", {"n": number, "boot": core._boot}):
                    kept.add(number)
            if not calm and linked and draw.random() < 0.1:
                sent_ids += 1
                hub.command("c-%d" % sent_ids, draw.choice(("go", "bad", "broken", "slow")))
                name = hub.commands["c-%d" % sent_ids]
                hub.send(type="command", id="c-%d" % sent_ids, name=name, params={}, deadline=hub_ms + 10**6, ttlMs=10**6)
            for command in list(core._commands.open):
                if calm or draw.random() < 0.1:
                    core.answer(command.id)
            core.step(up)
            if not core.wants_link():
                if linked:
                    core.closed(up)
                linked = False
                wait = core.step(up)
                up, hub_ms = up + wait, hub_ms + wait
                continue
            if not linked and is_away and not calm:
                core.closed(up)
                continue
            if not linked:
                core.opened(up)
                hub.connected()
                linked = True
                core.sent(len(core.output()))
                core.take(up, _accept(core))
            if not calm and draw.random() < 0.1:
                core.closed(up)
                linked = False
                continue
            for opcode, payload in _unmasked(core.output()):
                hub.take(opcode, payload, hub_ms)
            core.sent(len(core.output()))
            # The line may break at any byte.
            cut = len(hub.out) if calm or draw.random() < 0.8 else draw.randrange(len(hub.out) + 1)
            taken = core.take(up, hub.out[:cut])
            hub.out = hub.out[taken:]
            if cut < len(hub.out) + taken and draw.random() < 0.5:
                core.closed(up)
                linked = False
            if calm and _left(core) == 0 and not hub.commands and not core._commands.open:
                break
        except PowerCut:
            disk.power = None
            core = None
    check(core is not None and _left(core) == 0, "all readings are sent in the end: %d left" % (-1 if core is None else _left(core)))
    for reading in kept:
        check(reading in hub.stored, "reading %d is stored" % reading)
    check(not hub.commands, "each command has ended: %r" % hub.commands)


PARTS = {
    "store": fuzz_store,
    "memory": fuzz_memory,
    "bytes": fuzz_bytes,
    "cbor": fuzz_cbor,
    "core": fuzz_core,
    "session": fuzz_session,
}


def main(part, seed, count, only_last=None):
    run = PARTS[part]
    for number in range(int(count) - 1 if only_last else 0, int(count)):
        try:
            run(random.Random("%s/%s/%d" % (part, seed, number)))
        except BaseException:
            print("repeat it with: fuzz.py %s %s %d only" % (part, seed, number + 1), file=sys.stderr)
            raise
    print("%s: %s inputs" % (part, count))


if __name__ == "__main__":
    main(*sys.argv[1:])
