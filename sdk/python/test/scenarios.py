"""What the core does in a few exact cases, on CPython and on MicroPython: nothing here needs a socket. Prints `all hold`."""

import binascii
import json
import os
import random
import struct

from device_hub import cbor, websocket
from device_hub.commands import RUNNING
from device_hub.core import begin
from device_hub.sha1 import sha1
from device_hub.store import FileMemory, FileStore, Folder, RamStore

state = "scenarios-state-%08x" % random.getrandbits(32)


def check(condition, what):
    if not condition:
        raise AssertionError(what)


class Line:
    """A link to a played hub, and a clock that is moved by hand."""

    def __init__(self, **settings):
        self.up = 1000
        self.refused = []
        for name, value in (("host", "h:1"), ("id", "d-1"), ("secret", "s"), ("type", "t@1")):
            settings.setdefault(name, value)
        # A port without sockets has no random numbers of its own either.
        settings["random"] = lambda: random.getrandbits(32)
        self.subprotocol = "hub.v1.cbor" if settings.get("cbor") else "hub.v1.json"
        self.core = begin(self.up, on_refused=lambda *what: self.refused.append(what), **settings)

    def open(self, **limits):
        """From nothing to the end of the upgrade. Returns the frames that come with the hello."""
        for _ in range(100):
            wait = self.core.step(self.up)
            if self.core.wants_link():
                break
            self.up += wait
        check(self.core.wants_link(), "it wants a link")
        self.core.opened(self.up)
        self.request = self.core.output().decode()
        self.core.sent(len(self.request))
        self.core.take(self.up, self.accept())
        return self.frames()

    def accept(self):
        key = self.request.split("Sec-WebSocket-Key: ")[1].split("\r\n")[0]
        accept = websocket.Answer(key, self.subprotocol).expected
        return (
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Protocol: %s\r\nSec-WebSocket-Accept: %s\r\n\r\n" % (self.subprotocol, accept)
        ).encode()

    def welcome(self, **more):
        frame = {
            "type": "welcome",
            "epoch": 1,
            "t1": self.up,
            "now": 1700000000000,
            "heartbeatSec": 30,
            "graceSec": 15,
            "ackDelayMs": 500,
            "backoffMaxMs": 30000,
            "limits": {"frameBytes": 65536, "samples": 500, "inFlight": 64, "messagesPerSec": 1000, "burst": 1000},
        }
        frame.update(more)
        self.send(frame)
        self.core.step(self.up)
        return self.frames()

    def send(self, frame):
        is_binary = self.subprotocol == "hub.v1.cbor"
        payload = cbor.encode(frame) if is_binary else json.dumps(frame).encode()
        size, first = len(payload), 0x82 if is_binary else 0x81
        head = bytes((first, size)) if size < 126 else bytes((first, 126, size >> 8, size & 255))
        data = head + payload
        while data:
            taken = self.core.take(self.up, data)
            data = data[taken:]
            if not taken:
                self.later = self.frames()

    def step(self, ms=0):
        self.up += ms
        self.core.step(self.up)
        return self.frames()

    def frames(self):
        data = self.core.output()
        self.core.sent(len(data))
        found = []
        while data:
            length, head = data[1] & 127, 2
            if length == 126:
                length, head = data[2] << 8 | data[3], 4
            mask, payload = data[head : head + 4], data[head + 4 : head + 4 + length]
            text = bytes([byte ^ mask[index % 4] for index, byte in enumerate(payload)])
            if data[0] == 0x81:
                found.append(json.loads(text))
            elif data[0] == 0x82:
                found.append(cbor.frame_of(text) or text)
            data = data[head + 4 + length :]
        return found

    def cut(self):
        self.core.closed(self.up)


def folder_stores():
    folder = Folder(state)
    return {"store": FileStore(folder), "memory": FileMemory(folder)}


def clear():
    try:
        names = os.listdir(state)
    except OSError:
        return
    for name in names:
        os.remove(state + "/" + name)
    os.rmdir(state)


def sha1_is_that_of_the_standard():
    check(binascii.hexlify(sha1(b"abc").digest()) == b"a9993e364706816aba3e25717850c26c9cd0d89d", "abc")
    check(websocket.Answer("dGhlIHNhbXBsZSBub25jZQ==", "hub.v1.json").expected == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", "RFC 6455 section 1.3")


def readings_follow_the_hello_at_once():
    line = Line()
    for number in range(10):
        check(line.core.measure(line.up, "env", {"n": number, "nan": float("nan")}), "taken")
    frames = line.open()
    check(frames[0]["type"] == "hello" and frames[0]["t1"] == line.up, "the hello is the first frame")
    check([frame["seq"] for frame in frames[1:]] == list(range(1, 9)), "eight readings follow it")
    check(frames[1]["data"] == {"n": 0, "nan": None} and frames[1]["up"] == 1000, "the oldest is the first")
    # One did not fit while the session was not open.
    line.send({"type": "nack", "seq": 8, "code": "not-open", "retry": True, "retryAfterMs": 100})
    frames = line.welcome()
    check(not frames, "nothing is sent before retryAfterMs")
    frames = line.step(100)
    check([frame["data"]["n"] for frame in frames] == [7, 8, 9], "the rest goes then: %r" % frames)
    check([frame["seq"] for frame in frames] == [9, 10, 11], "under new numbers")
    line.send({"type": "ack", "upTo": 11})
    check(line.core.counts.settled == 10 and line.core._store.next(0) == 0, "all are settled")


LAYOUT = {"fingerprint": "2-0123456789abcdef", "streams": [["env", [["temperature", 1, 100], ["mode", ["on", "off"]]]]]}


def readings_are_short_in_binary_frames():
    line = Line(cbor=LAYOUT)
    line.core.measure(line.up, "env", {"temperature": 20.25, "mode": "off"}, ts=5)
    line.core.measure(line.up, "env", {"temperature": 0.5, "own": True})
    hello, short, named = line.open()
    check(hello["layout"] == LAYOUT["fingerprint"], "the hello says the layout")
    check(short == b"\x85\x01\x01\x00\x05\x82\x19\x07\xe9\x01", "the short form: %r" % short)
    check(named["data"] == {"temperature": 0.5, "own": True}, "what has no place goes with its name")
    line.welcome()
    line.core.take(line.up, b"\x82\x03\x82\x02\x02")
    check(line.core.counts.settled == 2, "the short ack settles them")


def a_hub_with_another_order_gets_names():
    line = Line(cbor=LAYOUT)
    line.core.measure(line.up, "env", {"temperature": 20.25})
    line.open()
    fault = {"path": "/layout", "keyword": "enum", "expected": "x", "got": "y", "in": "frame"}
    line.send({"type": "nack", "code": "unsupported", "retry": False, "errors": [fault]})
    check(line.refused == [("unsupported", "/layout", "enum")], "the application is told: %r" % line.refused)
    line.core.sent(len(line.core.output()))
    check(not line.core.wants_link(), "it comes again")
    line.cut()
    hello, named = line.open()
    check("layout" not in hello and named["data"]["temperature"] == 20.25, "with names")


def an_update_is_told_once_and_answered_until_the_hub_has_it():
    told = []
    line = Line(on_update=told.append)
    update = {"id": "u-1", "version": "2.0.0", "url": "/v1/artifacts/x", "sha256": "0" * 64, "size": 5}
    check(not line.core.update_status("applying"), "none is wanted yet")
    line.open()
    line.welcome(update=update)
    check(told == [update], "it comes with the welcome: %r" % told)
    line.core.update_status("downloading", 50)
    (word,) = line.step()
    check(word == {"type": "update-status", "re": "u-1", "state": "downloading", "percent": 50}, "the word: %r" % word)
    # A newer word, while the older one is under way.
    line.core.update_status("applying")
    line.send({"type": "ack", "re": "u-1"})
    check([frame["state"] for frame in line.step()] == ["applying"], "the newest word")
    line.cut()
    line.open()
    again = line.welcome(update=update)
    check([frame["state"] for frame in again if frame["type"] == "update-status"] == ["applying"], "said again: %r" % again)
    line.send({"type": "ack", "re": "u-1"})
    check(told == [update], "the same one is not told again")
    line.send({"type": "update", "id": "u-1", "cancelled": True})
    check(told == [update, None], "it is wanted no more")
    line.send({"type": "update", "id": "u-2", "version": "x"})
    check(len(told) == 2 and not line.core.update_status("applying"), "half an update is none")


def wrong_answers_open_nothing():
    for spoil in (
        lambda head: head.replace("Accept: ", "Accept: x"),
        lambda head: head.replace("hub.v1.json", "other"),
        lambda head: head.replace("Upgrade: websocket\r\n", ""),
        lambda head: head.replace("101 Switching Protocols", "302 Found\r\nLocation: wss://other/"),
        lambda head: "x" * 9000,
    ):
        line = Line()
        line.core.step(line.up)
        line.core.opened(line.up)
        line.request = line.core.output().decode()
        line.core.sent(len(line.request))
        line.core.take(line.up, spoil(line.accept().decode()).encode())
        line.cut()
        check(not line.core.is_open and line.core.counts.sessions == 0, "no session")
        check(not line.core.wants_link(), "it waits first")


def the_end_by_the_hub_has_its_reason():
    line = Line()
    line.open()
    line.welcome()
    line.core.take(line.up, b"\x88\x02\x11\x39")
    check(line.core.ended_by == 4409, "its close code: %r" % line.core.ended_by)
    line.cut()
    line.up += 3600000
    line.core.step(line.up)
    check(line.core.wants_link() and line.core.ended_by == 0, "of the last link only")
    line.core.opened(line.up)
    line.core.take(line.up, b"HTTP/1.1 401 No\r\n\r\n")
    check(line.core.ended_by == 401, "the status of its answer: %r" % line.core.ended_by)


def silence_ends_every_state():
    line = Line()
    line.core.step(line.up)
    check(line.core.wants_link(), "it wants a link")
    line.step(30000)
    check(not line.core.wants_link(), "a link that does not open in 30 s is given up")
    line = Line()
    line.core.step(line.up)
    line.core.opened(line.up)
    line.frames()
    line.step(10000)
    check(not line.core.wants_link(), "an upgrade that is not answered in 10 s")
    line = Line()
    line.open()
    line.step(10000)
    check(not line.core.wants_link(), "a welcome that does not come in 10 s")
    line = Line()
    line.open()
    line.welcome(heartbeatSec=1, graceSec=0.5)
    check(line.step(800)[0]["type"] == "heartbeat", "a heartbeat at 0.8 of its time")
    line.step(701)
    check(not line.core.wants_link() and not line.core.is_open, "a hub that is silent for 1.5 s is given up")


def a_recall_of_500_ids_is_answered():
    line = Line()
    line.open()
    line.welcome()
    ids = ["command-that-nobody-knows-%03d" % number for number in range(500)]
    for at in range(0, 500, 50):
        line.send({"type": "recall", "ids": ids[at : at + 50]})
    answers = getattr(line, "later", []) + line.frames()
    check(answers[-1] == {"type": "result", "re": ids[499], "status": "unknown"}, "the last one: %r" % answers[-1])
    line.send({"type": "command", "id": ids[0], "name": "go", "params": {}, "deadline": 1800000000000, "ttlMs": 60000})
    check(line.frames() == [{"type": "result", "re": ids[0], "status": "rejected"}], "an id that was said to be unknown is refused")


def a_full_store_loses_nothing_unsaid():
    for drops_oldest in (True, False):
        line = Line(store=RamStore(1000), drops_oldest=drops_oldest)
        taken = [line.core.measure(line.up, "env", {"n": number}) for number in range(50)]
        counts = line.core.counts
        frames = line.open()[1:] + line.welcome()
        numbers = [frame["data"]["n"] for frame in frames]
        check(len(numbers) + counts.lost == 50 == counts.measured, "%d are there, %d lost" % (len(numbers), counts.lost))
        check(all(taken) == drops_oldest and (numbers[-1] == 49) == drops_oldest, "the newest is kept, or refused")


def a_full_disk_is_said_and_fills_with_nothing():
    class Full(Folder):
        def append(self, name, data, durable=True):
            Folder.append(self, name, data[:3], durable)
            raise OSError(28)

    faults = []
    store = FileStore(Full(state))
    line = Line(store=store, memory=FileMemory(Full(state)), on_fault=faults.append, on_command=lambda command: None)
    for number in range(30):
        check(not line.core.measure(line.up, "env", {"n": number}), "not taken")
    check(line.core.counts.lost == 30 and len(faults) == 30, "each is said to be lost")
    check(len(os.listdir(state)) <= 2, "files: %r" % os.listdir(state))
    line.open()
    line.welcome()
    line.send({"type": "command", "id": "c-1", "name": "go", "params": {}, "deadline": 1800000000000, "ttlMs": 60000})
    check(line.frames()[0]["status"] == "rejected", "a command that cannot be remembered is not begun")
    line.send({"type": "credential", "id": "k", "secret": "x" * 30})
    check(line.step() == [], "a secret that cannot be kept is not used")


def a_number_that_no_frame_can_hold_stops_nothing():
    layout = {"fingerprint": LAYOUT["fingerprint"], "streams": [["s", [["id", 1, 1], ["st", 1, 100]]]]}
    for cbor_setting in (False, True, layout):
        line = Line(cbor=cbor_setting, **folder_stores())
        for data in ({"id": 1, "st": 1e307}, {"id": 10**309}, {"id": -(10**400), "st": [10**5000]}, {"id": 2, "st": 0.25}):
            check(line.core.measure(line.up, "s", data), "it is taken: %r" % data.keys())
        frames = line.open()
        check(len(frames) == 5, "each is sent: %r" % frames)
        if cbor_setting is layout:
            check(frames[1].endswith(b"\x82\x01\xfb" + struct.pack(">d", 1e307)), "as a float: %r" % frames[1])
        else:
            check(frames[1]["data"] == {"id": 1, "st": 1e307}, "as it is: %r" % frames[1])
            check(frames[2]["data"] == {"id": None}, "null where a double has no room: %r" % frames[2])
        clear()


def a_record_that_cannot_be_sent_is_lost_alone():
    poison = (b'b-1 5 t "up":5,"stream":"s","data":{"id":' + b"9" * 400 + b"}", b'b-1 5 t "up":5,"stream', b"b-1 x t {}", b"\xff 5 t x")
    for cbor_setting in (False, True, LAYOUT):
        faults = []
        stores = folder_stores()
        # As JSON a frame is sent as it is kept.
        for record in poison if cbor_setting else (poison[0], poison[2], poison[3]):
            stores["store"].append(record)
        line = Line(cbor=cbor_setting, on_fault=faults.append, **stores)
        line.core.measure(line.up, "env", {"n": 1})
        frames = line.open()[1:] + line.welcome()
        check(isinstance(frames[-1], bytes) or frames[-1]["data"] == {"n": 1}, "the others are sent: %r" % frames)
        line.send({"type": "ack", "upTo": len(frames)})
        counts = line.core.counts
        check(counts.settled + counts.lost == (5 if cbor_setting else 4) and counts.lost >= 2, "each is settled or lost: %r" % counts.__dict__)
        check(line.core._store.next(0) == 0, "none is left for the next boot")
        clear()


def a_full_disk_is_given_back_when_all_is_settled():
    class Disk(Folder):
        full = False

        def append(self, name, data, durable=True):
            if self.full:
                Folder.append(self, name, b"", durable)
                raise OSError(28)
            Folder.append(self, name, data, durable)

        def remove(self, name):
            if name[0] == "r":
                self.full = False
            Folder.remove(self, name)

    for how in ("the drop cannot be written", "the next reading cannot be written"):
        disk = Disk(state)
        line = Line(store=FileStore(disk), on_fault=lambda fault: None)
        line.core.measure(line.up, "env", {"n": 1})
        line.open()
        line.welcome()
        disk.full = how == "the drop cannot be written"
        line.send({"type": "ack", "upTo": 1})
        disk.full = disk.full or how == "the next reading cannot be written"
        check(line.core.measure(line.up, "env", {"n": 2}), how)
        line = Line(store=FileStore(disk))
        kept = [frame["data"]["n"] for frame in line.open()[1:]]
        check(kept == [2], "what is settled is not sent again, and what is new is kept: %r" % kept)
        clear()


def a_memory_on_a_full_disk_leaves_no_files():
    class Full(Folder):
        def append(self, name, data, durable=True):
            Folder.append(self, name, b"", durable)
            raise OSError(28)

    memory = FileMemory(Full(state))
    for number in range(20):
        check(not memory.save("key", "%d" % number), "it is not kept")
    check(len(os.listdir(state)) <= 1, "files: %r" % os.listdir(state))


def a_command_that_was_refused_for_want_of_a_place_stays_refused():
    runs = []

    def slow(command):
        runs.append(command.id)
        return RUNNING

    line = Line(on_command=slow, most_commands=2)
    line.open()
    line.welcome()

    def say(id):
        line.send({"type": "command", "id": id, "name": "go", "params": {}, "deadline": 1800000000000, "ttlMs": 60000})
        return line.step()

    say("c-1")
    say("c-2")
    refused = [{"type": "result", "re": "c-3", "status": "rejected"}]
    check(say("c-3") == refused, "there is no place for it")
    line.core.answer("c-1")
    line.step()
    line.send({"type": "ack", "re": "c-1"})
    check(say("c-3") == refused and runs == ["c-1", "c-2"], "nor does it run when it is repeated: %r" % runs)
    say("c-4")
    check(runs[-1] == "c-4", "another one does")


def a_hub_that_drains_and_does_not_close_is_left():
    for after in (5000, 0, None, "x", -1):
        line = Line()
        line.open()
        line.welcome()
        line.core.measure(line.up, "env", {"n": 1})
        line.send({"type": "drain", "reconnectAfterMs": after, "reason": "x"})
        check(line.step() == [], "nothing is sent any more")
        waited = 0
        while line.core.is_open and waited < 20000:
            wait = line.core.step(line.up)
            check(wait <= 5000, "its slot is a time to wake: %r" % wait)
            line.up += max(wait, 1)
            waited += max(wait, 1)
            line.step()
        check(waited <= 5002, "it leaves by itself: %r" % waited)
        line.cut()
        line.step()
        check(line.core.wants_link(), "and comes again in its slot")
        check((waited >= 5000) == (after == 5000), "the slot: %r" % waited)


def a_hub_that_drains_again_and_again_is_met_with_the_backoff():
    line = Line()
    begun = line.up
    for _ in range(12):
        line.open()
        line.welcome()
        line.send({"type": "drain", "reconnectAfterMs": 0, "reason": "x"})
        line.core.take(line.up, b"\x88\x02\x03\xf4")
        line.cut()
    check(line.up - begun > 1500, "12 sessions in %d ms" % (line.up - begun))
    begun = line.up
    for _ in range(12):
        line.open()
        line.welcome()
        line.core.take(line.up, b"\x88\x02\x03\xf4")
        line.cut()
    check(line.up - begun > 1500, "12 closes with 1012 in %d ms" % (line.up - begun))


def of_many_secrets_at_once_the_last_is_kept():
    writes = []

    class Counted(FileMemory):
        def save(self, key, text):
            writes.append(key)
            return FileMemory.save(self, key, text)

    line = Line(memory=Counted(Folder(state)))
    line.open()
    line.welcome()
    del writes[:]
    for number in range(60):
        line.send({"type": "credential", "id": "k", "secret": "secret-%03d" % number})
    check(line.step()[-1]["type"] == "bye", "it reconnects")
    check(writes == ["secret"], "%d writes" % len(writes))
    line.core.take(line.up, b"\x88\x02\x03\xe8")
    line.cut()
    line.open()
    check(websocket.base64(b"d-1:secret-059") in line.request, "with the last one")


def a_hint_is_followed_for_a_day_at_most():
    day = 86400000
    for hint in ("9" * 20, "0" * 30 + "9" * 9, "86401"):
        line = Line()
        line.core.step(line.up)
        line.core.opened(line.up)
        line.frames()
        line.core.take(line.up, b"HTTP/1.1 503 No\r\nRetry-After: " + hint.encode() + b"\r\n\r\n")
        line.cut()
        line.step(day - 1)
        check(not line.core.wants_link(), "Retry-After of %s is followed" % hint)
        line.step(1001)
        check(line.core.wants_link(), "for a day")
    line = Line()
    line.open()
    line.welcome()
    reason = b'{"retryAfterMs":1e300}'
    line.core.take(line.up, bytes((0x88, 2 + len(reason))) + b"\x03\xf5" + reason)
    line.cut()
    line.step(day - 1)
    check(not line.core.wants_link(), "that of a close is followed")
    line.step(1001)
    check(line.core.wants_link(), "for a day")


def what_cannot_be_sent_is_a_fault_of_the_caller():
    for settings in ({"firmware": b"1"}, {"heartbeat_sec": "x".join}):
        try:
            Line(**settings)
        except TypeError:
            continue
        check(False, "taken: %r" % settings)
    line = Line()
    for wrong in (lambda: line.core.bye(b"5"), lambda: line.core.reported({}, [(1, 2)]), lambda: line.core.reported({}, ["x"])):
        try:
            wrong()
        except (TypeError, ValueError):
            continue
        check(False, "taken")


def a_state_is_that_of_one_device():
    line = Line(**folder_stores())
    line.core.measure(line.up, "env", {"n": 1})
    try:
        Line(id="d-2", **folder_stores())
        check(False, "taken by another one")
    except ValueError as fault:
        check("is that of the device d-1" in str(fault), "said: %s" % fault)
    check(len(Line(**folder_stores()).open()) == 2, "the reading waits for its own device")


def everything_outlives_a_reboot():
    runs = []

    def run(command):
        runs.append(command.id)
        return RUNNING if command.name == "slow" else {"n": 1}

    desired = []
    line = Line(on_command=run, on_desired=desired.append, **folder_stores())
    line.core.measure(line.up, "env", {"n": 1})
    line.core.measure(line.up + 5, "env", {"n": 2})
    first = line.open()
    line.welcome(desired={"rev": 3, "state": {"a": 1}})
    line.send({"type": "ack", "upTo": 1})
    check(desired == [{"a": 1}], "the desired state is given")
    line.core.reported({"a": 1, "serial": "x"})
    report = line.step()[0]
    check(report["patch"] == {"a": 1, "serial": "x"} and report["desiredRev"] == 3, "the report: %r" % report)
    line.send({"type": "ack", "re": report["id"]})
    for id, name in (("c-1", "go"), ("c-2", "slow"), ("c-3", "go")):
        line.send({"type": "command", "id": id, "name": name, "params": {}, "deadline": 1800000000000, "ttlMs": 60000})
    line.step()
    line.send({"type": "ack", "re": "c-3"})
    line.send({"type": "credential", "id": "k", "secret": "f" * 30})
    check(line.step()[-1]["type"] == "bye", "it reconnects for the new secret")

    line = Line(on_command=run, on_desired=desired.append, **folder_stores())
    hello = line.open()
    check(websocket.base64(b"d-1:" + b"f" * 30) in line.request, "the new secret is used")
    check(hello[0]["boot"] != first[0]["boot"], "another boot")
    check(hello[0]["boots"] == [{"boot": first[0]["boot"], "up": 1006}], "the boot before: %r" % hello[0])
    check(sorted(hello[0]["unresolved"]) == ["c-1", "c-2"] and hello[0]["desiredRev"] == 3, "what it has: %r" % hello[0])
    check(desired[1:] == [{"a": 1}], "the application has its settings before there is a hub")
    late = [frame for frame in hello if frame["type"] == "telemetry"]
    check(len(late) == 1 and late[0]["data"] == {"n": 2} and late[0]["backfill"], "one reading was not settled: %r" % late)
    check(late[0]["boot"] == first[0]["boot"], "and is of the boot before")
    results = {frame["re"]: frame["status"] for frame in line.welcome() if frame["type"] == "result"}
    check(results == {"c-1": "succeeded", "c-2": "failed"}, "results: %r" % results)
    line.send({"type": "command", "id": "c-3", "name": "go", "params": {}, "deadline": 1800000000000, "ttlMs": 60000})
    check(line.step()[0]["status"] == "rejected", "a settled command does not run again")
    check(sorted(runs) == ["c-1", "c-2", "c-3"], "each ran once: %r" % runs)
    line.core.reported({"a": 2})
    check(line.step()[0]["patch"] == {"a": 2, "serial": None}, "what does not hold any more is null")


def logs_are_sent_and_never_stand_in_the_way():
    line = Line()
    for number in range(7):
        line.core.log(line.up, "info", "line %d" % number, "test")
    check(line.core.counts.logs_lost == 2, "five at once")
    line.core.measure(line.up, "env", {"n": 1})
    check([frame["type"] for frame in line.open()] == ["hello", "telemetry"], "no log before the welcome")
    frames = line.welcome()
    check([frame["msg"] for frame in frames] == ["line %d" % number for number in range(5)], "the log: %r" % frames)
    check(frames[0]["seq"] == 2 and frames[0]["level"] == "info" and frames[0]["tag"] == "test", "its frame: %r" % frames[0])
    line.send({"type": "nack", "seq": 3, "code": "rate", "retry": True, "retryAfterMs": 5000})
    line.core.measure(line.up, "env", {"n": 2})
    check(line.step()[0]["data"] == {"n": 2}, "a line that came too fast does not hold up a reading")


def a_clock_that_jumps_breaks_nothing():
    line = Line()
    line.open()
    line.welcome()
    before = line.core.time(line.up)
    line.up -= 900
    line.core.measure(line.up, "env", {"n": 1})
    check(line.step()[0]["up"] == 100, "a reading has the time that it was given")
    line.up += 1 << 41
    line.step()
    check(not line.core.is_open, "after a long time the session is over")
    check(before == 1700000000000, "the hub's clock is that of the welcome")
    line.cut()
    line.open()


def readings_of_one_moment_stay_apart():
    line = Line()
    for _ in range(3):
        line.core.measure(line.up, "env", {"n": 1})
        line.core.measure(line.up, "air", {"n": 1})
    frames = line.open()[1:]
    times = sorted((frame["stream"], frame["up"]) for frame in frames)
    wanted = [(stream, up) for stream in ("air", "env") for up in (1000, 1000.001, 1000.002)]
    check(times == wanted, "each has a time of its own: %r" % times)


def more_boots_than_a_hello_has_room_for():
    for boot in range(20):
        line = Line(**folder_stores())
        line.core.measure(line.up, "env", {"n": boot})
    line = Line(**folder_stores())
    told, stored = [], []
    line.core.bye(60)
    while not line.core.is_done:
        check(len(told) < 40, "it ends")
        frames = line.open()
        told += [boot["boot"] for boot in frames[0].get("boots", ())]
        check(len(frames[0].get("boots", ())) <= 8, "eight at most")
        frames = frames[1:] + line.welcome()
        for frame in [frame for frame in frames if frame["type"] == "telemetry"]:
            check(frame["boot"] in told, "a reading of a boot that was told")
            stored.append(frame["data"]["n"])
            line.send({"type": "ack", "upTo": frame["seq"]})
        (bye,) = [frame for frame in frames + line.step() if frame["type"] == "bye"]
        check(("sleepSec" in bye) == (len(stored) == 20), "only the last one is for good: %r" % bye)
        line.core.take(line.up, b"\x88\x02\x03\xe8")
        line.cut()
    check(sorted(stored) == list(range(20)), "all are sent: %r" % stored)


scenarios = (
    sha1_is_that_of_the_standard,
    readings_follow_the_hello_at_once,
    readings_are_short_in_binary_frames,
    a_hub_with_another_order_gets_names,
    an_update_is_told_once_and_answered_until_the_hub_has_it,
    wrong_answers_open_nothing,
    the_end_by_the_hub_has_its_reason,
    silence_ends_every_state,
    a_recall_of_500_ids_is_answered,
    a_full_store_loses_nothing_unsaid,
    a_full_disk_is_said_and_fills_with_nothing,
    a_number_that_no_frame_can_hold_stops_nothing,
    a_record_that_cannot_be_sent_is_lost_alone,
    a_full_disk_is_given_back_when_all_is_settled,
    a_memory_on_a_full_disk_leaves_no_files,
    a_command_that_was_refused_for_want_of_a_place_stays_refused,
    a_hub_that_drains_and_does_not_close_is_left,
    a_hub_that_drains_again_and_again_is_met_with_the_backoff,
    of_many_secrets_at_once_the_last_is_kept,
    a_hint_is_followed_for_a_day_at_most,
    what_cannot_be_sent_is_a_fault_of_the_caller,
    a_state_is_that_of_one_device,
    everything_outlives_a_reboot,
    logs_are_sent_and_never_stand_in_the_way,
    a_clock_that_jumps_breaks_nothing,
    readings_of_one_moment_stay_apart,
    more_boots_than_a_hello_has_room_for,
)
for scenario in scenarios:
    clear()
    try:
        scenario()
    except Exception:
        print(scenario.__name__)
        raise
    finally:
        clear()
print("all hold")
