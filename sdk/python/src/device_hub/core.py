"""The session of a device with the hub: the protocol, without sockets, clock and randomness of its own.

A port (device.py, aio.py, micropython.py) asks the core what it wants and tells it what happened. All times are in ms. The names
are those of all SDKs: see sdk/README.md.
"""

import json
import os
import sys
from hashlib import sha256

from . import cbor as binary
from . import websocket
from .commands import BEGUN, ENDED, RUNNING, WAITING, Command, Commands, Rejected
from .store import RamStore
from .text import dumps, id_of, integer, is_number, object_of, text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

    from .ports import Handlers, Memory, Store

#   IDLE -- wait over --> LINKING -- opened --> UPGRADING -- 101 --> WELCOMING -- welcome --> OPEN
#    ^                                             \ other status > REFUSED
#    +------------------------ closed, in any of them <-- ENDING (what is owed goes out, then the link is closed)
IDLE, LINKING, UPGRADING, REFUSED, WELCOMING, OPEN, ENDING = range(7)

# Timers of the protocol that are the device's, ms.
LINK_MS = 30000
UPGRADE_MS = 10000
WELCOME_MS = 10000
BYE_MS = 15000
FIRST_LIMIT_MS = 1000
FIRST_BACKOFF_MAX_MS = 60000
RETRY_MS = 1000
MINUTE_MS = 60000
DAY_MS = 86400000
# The hub may be set to take no older readings than a few hours without `backfill`.
OLD_MS = 3600000

# Readings that may follow the first hello, before the hub has said how many it takes.
EARLY_FRAMES = 8
# What a session that is not open yet may hold of them, with some to spare.
EARLY_BYTES = 60000
# The longest data frame, and the room that stays in an output for answers.
LONGEST_FRAME = 65000
CHUNK = 4096
MOST_BOOTS = 8
MOST_LOGS = 64
LOGS_PER_SEC = 5

LEVELS = ("debug", "info", "warning", "error")
UPDATE_STATES = ("waiting", "downloading", "verifying", "applying", "succeeded", "failed", "rejected")
SEVERITIES = ("info", "warning", "critical")


def random_bits() -> int:
    """32 random bits of the system."""
    return int.from_bytes(os.urandom(4), "big")


def report_fault(fault: BaseException) -> None:
    """Prints a fault of the application where it can be seen."""
    if hasattr(sys, "print_exception"):
        sys.print_exception(fault, sys.stderr)
    else:
        import traceback

        traceback.print_exception(type(fault), fault, fault.__traceback__)


class Counts:
    """How many readings and events were measured, sent, stored by the hub, refused by it for good, and lost."""

    def __init__(self) -> None:
        self.measured = 0
        self.sent = 0
        self.settled = 0
        self.refused = 0
        # Not taken, or dropped, because the store was full or damaged, or too long for a frame.
        self.lost = 0
        # Lines of the log that were not sent: they came too fast, or while there was no session for long.
        self.logs_lost = 0
        self.sessions = 0


class _Log:
    """A line of the log on its way. It is kept in memory only: a log must not wear out the flash."""

    def __init__(self, body: str, up: int) -> None:
        self.body = body
        self.up = up


class Core:
    """One device. `begin` makes it; then see sdk/README.md."""

    def __init__(
        self,
        up: int,
        *,
        host: str,
        id: str,
        secret: str,
        type: str,
        firmware: "str | None" = None,
        heartbeat_sec: "float | None" = None,
        cbor: "bool | Dict[str, Any]" = False,
        store: "Store | None" = None,
        memory: "Memory | None" = None,
        random: "Callable[[], int]" = random_bits,
        drops_oldest: bool = True,
        max_frame: int = 65536,
        in_flight: int = 64,
        output_limit: int = 16384,
        most_commands: int = 16,
        remembered: int = 1000,
        on_command: "Handlers" = None,
        on_desired: "Callable[[Dict[str, object]], object] | None" = None,
        on_update: "Callable[[Dict[str, Any] | None], object] | None" = None,
        on_notice: "Callable[[str, object], object] | None" = None,
        on_refused: "Callable[[str, str, str], object] | None" = None,
        on_fault: "Callable[[BaseException], object]" = report_fault,
    ) -> None:
        for name, value in (("host", host), ("id", id), ("secret", secret), ("type", type)):
            if not isinstance(value, str) or not value:
                raise ValueError("%s is missing" % name)
        if id_of(id) != id:
            raise ValueError("%s is no id of a device" % id)
        # What cannot be sent is a fault of the caller, here and in the calls below: a step must not find it.
        dumps([firmware, heartbeat_sec])
        if not 512 <= max_frame <= 65536:
            raise ValueError("max_frame is not between 512 and 65536")
        self._host = host
        self._id = id
        self._type = type
        self._firmware = firmware
        self._heartbeat_sec = heartbeat_sec
        self._is_binary = bool(cbor)
        # The places of the fields in short forms; None: frames have their names.
        self._layout: "Optional[Dict[str, Any]]" = cbor if isinstance(cbor, dict) else None
        self._subprotocol = "hub.v1.cbor" if cbor else "hub.v1.json"
        self._kind = websocket.BINARY if cbor else websocket.TEXT
        self._store: "Store" = RamStore() if store is None else store
        self._memory = memory
        self._random = random
        self._drops_oldest = drops_oldest
        self._max_frame = max_frame
        self._most_in_flight = max(1, in_flight)
        self._output_limit = output_limit
        self._on_command = on_command
        self._on_desired = on_desired
        self._on_update = on_update
        self._on_notice = on_notice
        self._on_refused = on_refused
        self._on_fault = on_fault
        self.counts = Counts()

        self._now = up
        self._state = IDLE
        self._wait_until = up
        self._state_until = up
        self._heard_at = up
        self._beat_at = up
        self._data_at = 0
        self._results_at = 0
        self._drain_slot: "int | None" = None
        self._hint_ms = 0
        self._limit_ms = FIRST_LIMIT_MS
        self._backoff_max_ms = FIRST_BACKOFF_MAX_MS
        self._heartbeat_ms = 0
        self._grace_ms = 0
        self._offsets: "List[int]" = []

        self._output = b""
        self._answer: "websocket.Answer | None" = None
        self._frames = websocket.Frames(max_frame, self._kind)

        self._boot = "b-%08x%08x" % (random(), random())
        self._seq = 0
        # When the newest reading was taken, and how many each stream had then.
        self._moment_up = -1
        self._moment_heads: "Dict[str, int]" = {}
        self._cursor = 0
        # What was sent and is not settled, by rising seq: (seq, number of a record, or a line of the log).
        self._flights: "List[Tuple[int, object]]" = []
        self._again: "List[object]" = []
        self._window = min(EARLY_FRAMES, self._most_in_flight)
        self._early_bytes = 0
        # Data frames that may leave at once, in thousandths, and how fast their number grows.
        self._credit = 0
        self._burst = 0
        self._per_second = 0
        self._credit_at = up
        self._logs: "List[_Log]" = []
        self._log_credit = LOGS_PER_SEC * 1000
        self._log_at = up

        self._says_bye = False
        self._bye_sent = False
        # The bye that was sent is the one that the application wants.
        self._leaves = False
        self._bye_sleep_sec: "float | None" = None
        self._done = False
        self._reconnects = False

        # Revisions of the desired state: the newest, that of the report, and that of which the hub knows.
        self._desired_rev: "Optional[int]" = None
        self._report_rev: "Optional[int]" = None
        self._held_rev: "Optional[int]" = None
        self._desired: "Optional[Dict[str, object]]" = None
        self._restores: "Optional[Dict[str, object]]" = None
        self._report: "Optional[Dict[str, object]]" = None
        self._report_errors: "List[Tuple[str, str]]" = []
        self._report_number = 0
        self._report_acked = False
        self._owes_report = False
        # All that the hub may believe to hold.
        self._told: "Dict[str, object]" = {}
        # The update that is wanted, the newest word about it that the hub does not have, and the one that is under way.
        self._update_id = ""
        self._word = ""
        self._word_sent = ""
        self._owes_word = False
        # The secret that holds, and a newer one that was not used yet.
        self._secret = secret
        self._fresh = ""
        # The newest that the hub has offered in this session, and that is not kept yet.
        self._offered = ""
        self._with_fresh = False
        self._fresh_refused = False
        self._ended_by = 0

        values: "Dict[str, str]" = {} if memory is None else memory.load()
        self._own_state(values)
        self._load_secrets(secret, values)
        self._commands = Commands(memory, most_commands, remembered)
        self._commands.load(values)
        self._load_twin(values)
        self.counts.lost += getattr(self._store, "damaged", 0)
        self._find_boots()

    # ---- for the application ---------------------------------------------------------------------------------------

    def measure(
        self, up: int, stream: str, data: "Dict[str, object]", ts: "float | None" = None, backfill: bool = False
    ) -> bool:
        """Puts a reading into the store. It is sent when there is room, and kept until its frame is settled.

        `up`: when it was taken. `ts`: the time by a clock that is right, Unix ms, if there is one. `backfill`: it is sent late on
        purpose. Returns False when the reading is lost, which `counts` says too. Raises TypeError or ValueError when `data` is no JSON.
        """
        return self._keep("t", up, '"stream":' + dumps(stream), data, ts, backfill)

    def report(
        self,
        up: int,
        name: str,
        severity: str = "info",
        data: "Dict[str, object] | None" = None,
        ts: "float | None" = None,
        backfill: bool = False,
    ) -> bool:
        """The same for an event; `severity` is info, warning or critical."""
        if severity not in SEVERITIES:
            raise ValueError("%s is none of %s" % (severity, ", ".join(SEVERITIES)))
        head = '"name":%s,"severity":"%s"' % (dumps(name), severity)
        return self._keep("e", up, head, data or {}, ts, backfill)

    def log(self, up: int, level: str, msg: str, tag: "str | None" = None) -> bool:
        """A line for the log of the device, if its type has logs; `level` is debug, info, warning or error.

        Lines wait in memory, 64 at most, and five a second are taken. Returns False when the line is not taken.
        """
        if level not in LEVELS:
            raise ValueError("%s is none of %s" % (level, ", ".join(LEVELS)))
        self._log_credit = min(LOGS_PER_SEC * 1000, self._log_credit + max(0, up - self._log_at) * LOGS_PER_SEC)
        self._log_at = max(up, self._log_at)
        if not msg or self._log_credit < 1000:
            self.counts.logs_lost += 1
            return False
        self._log_credit -= 1000
        if len(self._logs) >= MOST_LOGS:
            self._logs.pop(0)
            self.counts.logs_lost += 1
        body = '"up":%d,"level":"%s","msg":%s' % (up, level, dumps(msg[:1000]))
        self._logs.append(_Log(body if tag is None else body + ',"tag":' + dumps(tag[:64]), up))
        return True

    def answer(self, id: str, status: str = "succeeded", output: object = None, error: str = "") -> bool:
        """A command has ended that returned RUNNING. False when there is no such command."""
        command = self._commands.find(id)
        if command is None or command.state != BEGUN or status not in ("succeeded", "failed", "rejected"):
            return False
        self._commands.end(command, status, output if status == "succeeded" else None, error)
        return True

    def progress(self, id: str, percent: "float | None" = None, note: "str | None" = None) -> bool:
        """How far a command is. False when it could not be sent now; nobody needs it later."""
        if self._state != OPEN or len(self._output) > self._output_limit:
            return False
        frame = '{"type":"progress","re":%s' % dumps(id)
        if percent is not None:
            frame += ',"percent":' + dumps(min(max(percent, 0), 100))
        if note is not None:
            frame += ',"note":' + dumps(note[:256])
        self._send(frame + "}")
        return True

    def reported(self, state: "Dict[str, object]", errors: "Sequence[Tuple[str, str]]" = ()) -> None:
        """What holds on the device now, all of it: after a desired state, at the first start and when something changes.

        `errors`: what of the newest desired state could not be taken, as (JSON pointer, message).
        """
        dumps(state)
        self._report = state
        self._report_errors = [(path[:1024], message[:256]) for path, message in list(errors)[:16]]
        self._report_rev = self._desired_rev
        self._report_number += 1
        self._report_acked = False
        self._owes_report = True

    def update_status(self, state: str, percent: "float | None" = None, error: str = "") -> bool:
        """How far the device is with the update that `on_update` was given; said until the hub has it. False when it wants none.

        `state` is waiting, downloading, verifying, applying, succeeded, failed or rejected.
        """
        if state not in UPDATE_STATES:
            raise ValueError("%s is none of %s" % (state, ", ".join(UPDATE_STATES)))
        if not self._update_id:
            return False
        frame = '{"type":"update-status","re":%s,"state":"%s"' % (dumps(self._update_id), state)
        if percent is not None:
            frame += ',"percent":' + dumps(min(max(percent, 0), 100))
        if error:
            frame += ',"error":' + dumps(error[:1000])
        self._word = frame + "}"
        self._owes_word = True
        return True

    @property
    def is_update_told(self) -> bool:
        """The hub has the newest word of `update_status`."""
        return not self._word

    def credential(self) -> "Tuple[str, str]":
        """The id and the newest secret, for another request to the hub."""
        return self._id, self._secret

    def bye(self, sleep_sec: "float | None" = None) -> None:
        """Say goodbye when everything is sent, perhaps with the time until the device is back. `is_done` says when that is done."""
        dumps(sleep_sec)
        self._says_bye = True
        self._bye_sleep_sec = sleep_sec

    def wake(self) -> None:
        """After `is_done`, when the device goes on without a reboot."""
        self._says_bye = self._done = False

    @property
    def is_done(self) -> bool:
        """The hub has everything, and has closed after `bye`."""
        return self._done

    @property
    def is_open(self) -> bool:
        """The session is open."""
        return self._state == OPEN

    @property
    def ended_by(self) -> int:
        """Why the hub ended the last link: the status of its HTTP answer, or its close code. 0: it did not say."""
        return self._ended_by

    def time(self, up: int) -> "int | None":
        """The hub's clock, Unix ms; None before the first welcome. It may be early by as much as a message takes, and is never late."""
        return up + min(self._offsets) if self._offsets else None

    # ---- for the port ----------------------------------------------------------------------------------------------

    def step(self, up: int) -> int:
        """Does what is due. Returns how long nothing will be: call it again then, or when something has happened."""
        self._advance(up)
        self._keep_offered()
        self._restore_desired()
        if self._state == IDLE:
            if not self._done and self._now >= self._wait_until:
                self._state = LINKING
                self._ended_by = 0
                self._state_until = self._now + LINK_MS
        elif self._state == OPEN:
            self._step_open()
        elif self._state == WELCOMING and self._now < self._state_until:
            self._send_readings()
        elif self._now >= self._state_until:
            if self._state == REFUSED:
                self._refused()
            elif self._state != ENDING:
                self._fail()
            self._output = b""
        return self._next_step()

    def wants_link(self) -> bool:
        """Whether there should be a link (TCP with TLS) now."""
        return bool(self._output) if self._state == ENDING else self._state != IDLE

    def opened(self, up: int) -> None:
        """The link that was wanted is open."""
        self._advance(up)
        if self._state != LINKING:
            return
        self._heard_at = self._now
        key = websocket.base64(b"".join([self._random().to_bytes(4, "big") for _ in range(4)]))
        self._with_fresh = bool(self._fresh) and not self._fresh_refused
        secret = self._fresh if self._with_fresh else self._secret
        self._output = websocket.request(self._host, "/v1/device", self._id, secret, key, self._subprotocol)
        self._answer = websocket.Answer(key, self._subprotocol)
        self._state = UPGRADING
        self._state_until = self._now + UPGRADE_MS

    def closed(self, up: int) -> None:
        """The link is gone, or could not be opened."""
        self._advance(up)
        self._output = b""
        if self._state == REFUSED:
            self._refused()
        elif self._state not in (IDLE, ENDING):
            self._fail()
        self._state = IDLE

    def take(self, up: int, data: bytes) -> int:
        """Bytes that came. Returns how many were used; the rest is to be given again when `output` is empty."""
        self._advance(up)
        if data:
            self._heard_at = self._now
        taken = 0
        while taken < len(data):
            if len(self._output) > self._output_limit:
                break
            chunk = data[taken : taken + CHUNK]
            taken += self._take_chunk(chunk)
        return taken

    def output(self) -> bytes:
        """Bytes to send; `sent` says how many of them went."""
        return self._output

    def sent(self, length: int) -> None:
        """So many bytes of `output` went."""
        self._output = self._output[length:]

    # ---- what outlives the power -----------------------------------------------------------------------------------

    def _own_state(self, values: "Dict[str, str]") -> None:
        """Under another id its readings would be stored as those of another device. Raises ValueError."""
        owner = values.get("owner", "")
        if owner and owner != self._id:
            raise ValueError(
                "this state is that of the device %s, not of %s: give each device a state of its own, "
                "or delete it if %s is no more" % (owner, self._id, owner)
            )
        if not owner and self._memory is not None:
            self._memory.save("owner", self._id)

    def _load_secrets(self, secret: str, values: "Dict[str, str]") -> None:
        """A secret that the hub has given holds as long as the device is the one that it was given to."""
        digest = sha256(("%s:%s" % (self._id, secret)).encode()).digest()
        self._given = "".join(["%02x" % byte for byte in digest[:8]])
        kept = object_of(values.get("secret", "").encode())
        if kept is not None and kept.get("given") == self._given:
            self._secret = str(kept["secret"])
            self._fresh = str(kept["fresh"])

    def _keep_secrets(self, secret: str, fresh: str) -> bool:
        kept = dumps({"given": self._given, "secret": secret, "fresh": fresh})
        return self._memory is not None and self._memory.save("secret", kept)

    def _load_twin(self, values: "Dict[str, str]") -> None:
        kept = object_of(values.get("twin", "").encode())
        if kept is None or self._on_desired is None:
            return
        state, told = kept.get("state"), kept.get("told")
        if isinstance(state, dict) and isinstance(told, dict):
            self._desired_rev = self._held_rev = integer(kept.get("rev"), 0)
            self._desired = self._restores = state
            self._told = told

    def _restore_desired(self) -> None:
        """After a boot, the application is given the state that it had, also when there is no hub."""
        state, self._restores = self._restores, None
        if state is not None:
            self._give_desired(state)

    def _find_boots(self) -> None:
        """Which boots left readings, and how long each was up, as far as they tell. The oldest is the first."""
        self._unseen: "List[List[object]]" = []
        # Those that the last hello had no room for: their readings wait.
        self._held: "List[List[object]]" = []
        self._announced: "List[List[object]]" = []
        # The oldest boot that the hub was told of: those before it ended when it began.
        self._oldest_seen: "List[object] | None" = None
        number = self._store.next(0)
        while number:
            record = self._read(number)
            if record is not None:
                boot, up = record[0], record[1]
                if not self._unseen or self._unseen[-1][0] != boot:
                    self._unseen.append([boot, 0])
                # A moment longer: its last reading must not have the time of the first one of the next boot, or they would be one.
                self._unseen[-1][1] = max(integer(self._unseen[-1][1], 0), up + 1)
            number = self._store.next(number)

    def _is_held(self, number: int) -> bool:
        if not self._held:
            return False
        record = self._read(number)
        return record is None or any([record[0] == held[0] for held in self._held])

    # ---- readings --------------------------------------------------------------------------------------------------

    def _keep(
        self, kind: str, up: int, head: str, data: "Dict[str, object]", ts: "float | None", backfill: bool
    ) -> bool:
        if not isinstance(data, dict):
            raise TypeError("the data of a reading is a dict")
        when = self._moment(up, head) if ts is None else '"ts":' + dumps(ts)
        late = ',"backfill":true' if backfill else ""
        body = '%s,%s,"data":%s' % (when, head, dumps(data))
        record = ("%s %d %s%s %s" % (self._boot, up, kind, late, body)).encode()
        too_long = len(record) > LONGEST_FRAME or self._is_too_long(body)
        self.counts.measured += 1
        # What never fits would stay in the store for good.
        if too_long:
            self.counts.lost += 1
            return False
        try:
            while not self._store.append(record):
                oldest = self._store.next(0) if self._drops_oldest else 0
                self.counts.lost += 1
                if not oldest:
                    return False
                self._lose(oldest)
        except OSError as fault:
            # The disk is full or broken: what is on it stays there.
            self.counts.lost += 1
            self._on_fault(fault)
            return False
        return True

    def _moment(self, up: int, head: str) -> str:
        """The hub makes one reading of two that have one stream and one time: those of the same ms are put a µs apart."""
        if up != self._moment_up:
            self._moment_up = up
            self._moment_heads = {}
        before = self._moment_heads.get(head, 0)
        self._moment_heads[head] = before + 1
        return '"up":%d.%03d' % (up + before // 1000, before % 1000) if before else '"up":%d' % up

    def _is_too_long(self, body: str) -> bool:
        """Whether CBOR makes it too long: it takes 9 bytes for 0.1. Raises ValueError for half a surrogate pair."""
        if not self._is_binary or ("\\ud" not in body and 3 * len(body) < LONGEST_FRAME):
            return False
        return len(binary.encode(json.loads("{%s}" % body), strict=True)) > LONGEST_FRAME

    def _lose(self, number: int) -> None:
        self._store.drop(number)
        self._again = [item for item in self._again if item != number]
        # Its frame counts against the window until it is settled.
        self._flights = [(seq, None if item == number else item) for seq, item in self._flights]

    def _read(self, number: int) -> "tuple[str, int, str, str] | None":
        """Boot, uptime, kind and body of a record; None when it is damaged: then it is lost."""
        record = self._store.read(number)
        try:
            parts = [] if record is None else record.decode().split(" ", 3)
            if len(parts) == 4:
                return parts[0], int(parts[1]), parts[2], parts[3]
        except ValueError:
            # No text, or no number.
            pass
        self.counts.lost += 1
        self._store.drop(number)
        return None

    def _frame_of(self, item: object) -> "str | None":
        """The data frame of a record or a line of the log, under the next seq; None when the record is damaged."""
        seq = self._seq + 1
        if isinstance(item, _Log):
            return '{"type":"log","seq":%d,%s}' % (seq, item.body)
        record = self._read(item) if isinstance(item, int) else None
        if record is None:
            return None
        boot, up, kind, body = record
        frame = '{"type":"%s","seq":%d' % ("event" if kind[:1] == "e" else "telemetry", seq)
        if boot != self._boot:
            frame += ',"boot":"%s"' % boot
        # It lifts the limit on age.
        if len(kind) > 1 or boot != self._boot or self._now - up > OLD_MS:
            frame += ',"backfill":true'
        return frame + "," + body + "}"

    def _may_send_data(self) -> bool:
        if self._now < self._data_at or len(self._flights) >= self._window or len(self._output) > self._output_limit:
            return False
        return self._early_bytes < EARLY_BYTES if self._state == WELCOMING else self._credit >= 1000

    def _send_data(self, item: object) -> bool:
        """False when there was nothing to send after all."""
        frame = self._frame_of(item)
        if frame is None:
            return False
        try:
            size = self._send(frame)
        except Exception as fault:
            # What cannot be written would stop this boot and each that follows.
            self._cannot_write(item, fault)
            return False
        self._seq += 1
        self._flights.append((self._seq, item))
        if self._state == WELCOMING:
            self._early_bytes += size + 8
        else:
            self._credit -= 1000
        if not isinstance(item, _Log):
            self.counts.sent += 1
        return True

    def _cannot_write(self, item: object, fault: Exception) -> None:
        if self._drop(item):
            self.counts.lost += 1
        else:
            self.counts.logs_lost += 1
        self._on_fault(fault)

    def _send_readings(self) -> bool:
        """Sends what the window, the rate and the output allow. True when everything that may be sent now is under way."""
        self._refill_credit()
        while self._again:
            if not self._may_send_data():
                return False
            item = self._again.pop(0)
            self._send_data(item)
        while True:
            number = self._store.next(self._cursor)
            if not number:
                break
            if not self._is_held(number):
                if not self._may_send_data():
                    return False
                self._send_data(number)
            self._cursor = number
        # A log comes after the readings: it must not take their place.
        while self._logs and self._state == OPEN:
            if not self._may_send_data():
                return False
            self._send_data(self._logs.pop(0))
        return True

    def _refill_credit(self) -> None:
        more = self._credit + (self._now - self._credit_at) * self._per_second
        self._credit = min(self._burst, more)
        self._credit_at = self._now

    def _drop(self, item: object) -> bool:
        """Forgets what is settled. True when it was a reading or an event."""
        if not isinstance(item, int):
            return False
        self._store.drop(item)
        return True

    def _acked(self, up_to: int) -> None:
        settled = 0
        while settled < len(self._flights) and self._flights[settled][0] <= up_to:
            if self._drop(self._flights[settled][1]):
                self.counts.settled += 1
            settled += 1
        if settled:
            self._flights = self._flights[settled:]

    # ---- commands --------------------------------------------------------------------------------------------------

    def _send_answers(self) -> None:
        for command in self._commands.open:
            if len(self._output) > self._output_limit:
                return
            if command.owes_received:
                self._send('{"type":"received","re":"%s"}' % command.id)
                command.owes_received = False
            if command.owes_result and self._now >= self._results_at:
                self._send(command.result())
                command.owes_result = False

    def _run_commands(self) -> None:
        """Begins the commands that wait, one after the other, unless their time is over."""
        for command in list(self._commands.open):
            # `received` goes first: what begins may take its time.
            if command.state != WAITING or command.owes_received:
                continue
            hub_ms = self.time(self._now)
            if (hub_ms is not None and hub_ms > command.deadline) or self._now - command.arrived > command.ttl:
                self._commands.end(command, "expired", None, "")
                continue
            command.state = BEGUN
            self._run(command)

    def _run(self, command: Command) -> None:
        try:
            run = self._on_command
            if isinstance(run, dict):
                run = run.get(command.name)
            if run is None:
                raise Rejected("the device has no command %s" % command.name)
            output = run(command)
        except ValueError as fault:
            # Parameters that are wrong, or another reason not to begin.
            self._end(command, "rejected", None, str(fault))
        except Exception as fault:
            self._end(command, "failed", None, str(fault) or fault.__class__.__name__)
            self._on_fault(fault)
        else:
            if output != RUNNING:
                self._end(command, "succeeded", output, "")

    def _end(self, command: Command, status: str, output: object, error: str) -> None:
        # It may have called `answer` by itself.
        if command.state == BEGUN:
            self._commands.end(command, status, output, error)

    def _owe_again(self, command: Command) -> None:
        if command.state == ENDED:
            command.owes_result = True
        else:
            command.owes_received = True

    def _send_result(self, id: str, status: str) -> None:
        self._send('{"type":"result","re":"%s","status":"%s"}' % (id, status))

    def _commanded(self, frame: "Dict[str, object]") -> None:
        id = id_of(frame.get("id"))
        known = self._commands.find(id)
        refusal = self._commands.refusal(id)
        params = frame.get("params")
        if not id:
            return
        if known is not None:
            self._owe_again(known)
        elif refusal:
            self._send_result(id, refusal)
        else:
            command = Command(id, text(frame.get("name"), 64), params if isinstance(params, dict) else {})
            command.deadline = integer(frame.get("deadline"), 0)
            command.ttl = integer(frame.get("ttlMs"), 0)
            command.arrived = self._now
            # Stored before it is received: a device that says it has a command knows it after a loss of power too.
            if self._commands.add(command):
                command.owes_received = True
            else:
                # The hub may ask again because this answer is lost: by then there may be room.
                self._commands.refuse(id, "rejected")
                self._send_result(id, "rejected")

    def _cancelled(self, id: str) -> None:
        command = self._commands.find(id)
        if command is None:
            self._commands.refuse(id, "cancelled")
        elif command.state == WAITING:
            self._commands.end(command, "cancelled", None, "")
        else:
            self._owe_again(command)

    def _recalled(self, ids: object) -> None:
        for value in ids if isinstance(ids, list) else ():
            id = id_of(value)
            command = self._commands.find(id)
            if command is not None:
                self._owe_again(command)
            elif id:
                self._commands.refuse(id, "rejected")
                self._send_result(id, "unknown")

    # ---- the twin --------------------------------------------------------------------------------------------------

    def _take_desired(self, desired: object) -> None:
        if self._on_desired is None or not isinstance(desired, dict):
            return
        rev, state = desired.get("rev"), desired.get("state")
        if not is_number(rev) or not isinstance(state, dict):
            return
        self._desired_rev = integer(rev, 0)
        self._desired = state
        self._give_desired(state)

    def _give_desired(self, state: "Dict[str, object]") -> None:
        try:
            self._on_desired(state)  # type: ignore[misc]
        except Exception as fault:
            self._on_fault(fault)
            self.reported(self._report or {}, [("", str(fault) or fault.__class__.__name__)])

    def _take_update(self, update: object) -> None:
        """Only the newest counts; the same one again, with each welcome, says nothing new."""
        wanted = update if isinstance(update, dict) and update.get("cancelled") is not True else {}
        id = id_of(wanted.get("id"))
        texts = [text(wanted.get(name), 256) for name in ("version", "url", "sha256")]
        if not all(texts) or integer(wanted.get("size"), 0) < 1:
            id = ""
        if id == self._update_id:
            return
        self._update_id = id
        self._word = self._word_sent = ""
        self._owes_word = False
        if self._on_update is None:
            return
        try:
            self._on_update(wanted if id else None)
        except Exception as fault:
            self._on_fault(fault)

    def _report_id(self) -> str:
        return "_r%d" % self._report_number

    def _send_report(self) -> None:
        state = self._report or {}
        frame = '{"type":"reported","id":"%s","patch":%s' % (self._report_id(), dumps(_patch(self._told, state)))
        if self._report_rev is not None:
            frame += ',"desiredRev":%d' % self._report_rev
        if self._report_errors:
            errors = [{"path": path, "message": message} for path, message in self._report_errors]
            frame += ',"errors":' + dumps(errors)
        self._told = _both(self._told, state)
        self._send(frame + "}")

    def _report_settled(self) -> None:
        self._report_acked = True
        self._told = self._report or {}
        self._held_rev = self._report_rev
        if self._memory is not None and self._held_rev is not None:
            kept = {"rev": self._held_rev, "state": self._desired, "told": self._told}
            # When it is not kept, the hub sends it again after the next boot.
            self._memory.save("twin", dumps(kept))

    # ---- frames of the hub -----------------------------------------------------------------------------------------

    def _welcomed(self, frame: "Dict[str, object]") -> None:
        limits = frame.get("limits")
        limits = limits if isinstance(limits, dict) else {}
        self._state = OPEN
        self.counts.sessions += 1
        self._backoff_max_ms = integer(frame.get("backoffMaxMs"), FIRST_BACKOFF_MAX_MS, 0, DAY_MS)
        self._limit_ms = min(FIRST_LIMIT_MS, self._backoff_max_ms)
        self._heartbeat_ms = _milliseconds(frame.get("heartbeatSec"), 30000, 100)
        self._grace_ms = _milliseconds(frame.get("graceSec"), 15000, 0)
        # Another session, perhaps another hub: its clock is judged anew.
        self._offsets = []
        self._note_offset(frame.get("now"), frame.get("t1"))
        self._window = min(integer(limits.get("inFlight"), 1, 1, 65535), self._most_in_flight)
        self._per_second = integer(limits.get("messagesPerSec"), 1, 1, 1000000)
        self._burst = 1000 * integer(limits.get("burst"), self._per_second, 1, 1000000)
        self._credit = self._burst - 1000 * self._seq
        self._credit_at = self._now
        self._beat_at = self._now + self._heartbeat_ms * 8 // 10
        self._drain_slot = None
        # The hub knows these boots from now on.
        self._unseen = self._held
        if self._announced:
            self._oldest_seen = self._announced[0]
        # A hello without a revision has made the hub forget what was reported.
        if self._held_rev is None:
            self._told = {}
        self._owes_report = self._report is not None and (not self._report_acked or self._held_rev is None)
        for command in self._commands.open:
            command.owes_result = command.state == ENDED
        if self._with_fresh:
            self._secret, self._fresh = self._fresh, ""
            self._keep_secrets(self._secret, "")
        self._owes_word = bool(self._word)
        self._word_sent = ""
        self._take_desired(frame.get("desired"))
        self._take_update(frame.get("update"))

    def _note_offset(self, hub_ms: object, own_ms: object) -> None:
        if is_number(hub_ms) and is_number(own_ms):
            self._offsets = self._offsets[-7:] + [integer(hub_ms, 0) - integer(own_ms, 0)]

    def _tell_refused(self, frame: "Dict[str, object]") -> None:
        if self._on_refused is None:
            return
        errors = frame.get("errors")
        first = errors[0] if isinstance(errors, list) and errors else None
        first = first if isinstance(first, dict) else {}
        try:
            self._on_refused(text(frame.get("code"), 64), text(first.get("path"), 1024), text(first.get("keyword"), 64))
        except Exception as fault:
            self._on_fault(fault)

    def _nacked(self, frame: "Dict[str, object]") -> None:
        retry = frame.get("retry") is True
        again = self._now + integer(frame.get("retryAfterMs"), RETRY_MS, 0, DAY_MS)
        id = id_of(frame.get("re"))
        if not id:
            self._nacked_data(frame, retry, again)
        elif self._report is not None and id == self._report_id():
            self._owes_report = retry
            self._results_at = again if retry else self._results_at
            if not retry:
                self._tell_refused(frame)
        elif id == self._update_id:
            self._owes_word = retry or self._word != self._word_sent
            if not self._owes_word:
                self._word = ""
            self._word_sent = ""
            self._results_at = again if retry else self._results_at
        else:
            command = self._commands.find(id)
            # While it runs, the nack is about its `received` or its progress.
            if command is None or command.state != ENDED:
                return
            if retry:
                command.owes_result = True
                self._results_at = again
            else:
                self._tell_refused(frame)
                self._commands.settle(command)

    def _nacked_data(self, frame: "Dict[str, object]", retry: bool, again: int) -> None:
        seq = integer(frame.get("seq"), 0)
        item: object = None
        for flight in self._flights:
            if flight[0] == seq:
                item = flight[1]
        self._flights = [flight for flight in self._flights if flight[0] != seq]
        if isinstance(item, _Log):
            # It is not worth a pause for the readings: one that comes too fast is dropped.
            self.counts.logs_lost += 1
            if retry and frame.get("code") != "rate":
                self._data_at = max(self._data_at, again)
        elif retry:
            if item is not None:
                self._again.append(item)
            self._data_at = max(self._data_at, again)
        else:
            if self._drop(item):
                self.counts.refused += 1
            self._tell_refused(frame)

    def _keep_offered(self) -> None:
        """Of many secrets that came at once, only the last one is written: each write takes as long as the disk."""
        secret, self._offered = self._offered, ""
        # Not on the disk: then it must not be used, for the old one would be gone with its first use.
        if secret and self._keep_secrets(self._secret, secret):
            self._fresh = secret
            self._fresh_refused = False
            self._reconnects = self._state == OPEN

    def _take_frame(self, payload: bytes) -> None:
        frame = binary.frame_of(payload) if self._is_binary else object_of(payload)
        if frame is None:
            return
        kind = frame.get("type")
        if self._state == WELCOMING:
            if kind == "welcome":
                self._welcomed(frame)
            elif kind == "nack" and integer(frame.get("seq"), 0) > 0:
                self._nacked_data(
                    frame, frame.get("retry") is True, self._now + integer(frame.get("retryAfterMs"), RETRY_MS, 0, DAY_MS)
                )
            elif kind == "nack":
                self._tell_refused(frame)
                if _paths(frame) == ["/layout"]:
                    # The hub has the fields in another order, and understands their names.
                    self._layout = None
                    self._fail()
        elif kind == "ack":
            self._take_ack(frame)
        elif kind == "nack":
            self._nacked(frame)
        elif kind == "heartbeat":
            self._note_offset(frame.get("t2"), frame.get("t1"))
        elif kind == "command":
            self._commanded(frame)
        elif kind == "cancel":
            if id_of(frame.get("re")):
                self._cancelled(id_of(frame.get("re")))
        elif kind == "recall":
            self._recalled(frame.get("ids"))
        elif kind == "desired":
            self._take_desired(frame)
        elif kind == "update":
            self._take_update(frame)
        elif kind == "credential":
            self._offered = _printable(text(frame.get("secret"), 256)) or self._offered
        elif kind == "drain":
            # A hub that gives no time is not to have it come again and again.
            after = max(integer(frame.get("reconnectAfterMs"), 0, 0, DAY_MS), self._backoff())
            self._drain_slot = self._now + after
        elif kind == "notice" and self._on_notice is not None:
            try:
                self._on_notice(text(frame.get("topic"), 256), frame.get("data"))
            except Exception as fault:
                self._on_fault(fault)

    def _take_ack(self, frame: "Dict[str, object]") -> None:
        self._acked(integer(frame.get("upTo"), 0))
        id = id_of(frame.get("re"))
        command = self._commands.find(id)
        if command is not None and command.state == ENDED:
            self._commands.settle(command)
        elif id and self._report is not None and id == self._report_id():
            self._report_settled()
        elif id and id == self._update_id:
            # One at a time, so that it is known which one this is.
            if self._word == self._word_sent:
                self._word = ""
            self._word_sent = ""

    # ---- waits -----------------------------------------------------------------------------------------------------

    def _advance(self, up: int) -> None:
        """A clock that jumps back stands still until it has caught up."""
        self._now = max(self._now, up)

    def _random_up_to(self, most: int) -> int:
        """Uniform in 0 to `most`, both included."""
        return self._random() * (most + 1) >> 32

    def _wait(self, ms: int) -> None:
        """No link is wanted until that; what is still in the output goes out first, for a second at most."""
        self._wait_until = self._now + ms
        self._hint_ms = 0
        if self._state in (IDLE, LINKING):
            self._state = IDLE
        else:
            self._state = ENDING
            self._state_until = self._now + 1000

    def _backoff(self) -> int:
        wait = self._random_up_to(self._limit_ms)
        self._limit_ms = min(self._limit_ms * 2, self._backoff_max_ms)
        return wait

    def _wait_long(self) -> None:
        self._wait(15 * MINUTE_MS + self._random_up_to(45 * MINUTE_MS))

    def _fail(self) -> None:
        """The connection failed, or broke."""
        if self._drain_slot is not None:
            # Its slot; from then on it is a failure like others.
            slot, self._drain_slot = self._drain_slot, None
            self._wait(max(0, slot - self._now))
        else:
            self._wait(self._hint_ms + self._backoff())

    def _refused(self) -> None:
        answer = self._answer
        if answer is None:
            return self._fail()
        status = answer.status
        self._hint_ms = min(answer.retry_after_sec, 86400) * 1000
        wrong_secret = status == 401 or (status == 429 and _code_of(answer.body) == "too-many-attempts")
        if wrong_secret and self._with_fresh:
            self._fresh_refused = True
            self._wait(self._hint_ms)
        elif status in (401, 403):
            self._wait_long()
        elif status in (400, 404, 405, 426):
            self._wait(MINUTE_MS + self._backoff())
        else:
            self._fail()

    def _close_came(self, payload: bytes) -> None:
        code = int.from_bytes(payload[:2], "big") if len(payload) >= 2 else 1005
        self._ended_by = code
        # RFC 6455 section 5.5.1: the same code goes back.
        self._send_frame(websocket.CLOSE, payload[:2] if len(payload) >= 2 else b"")
        reason = object_of(payload[2:]) or {}
        self._hint_ms = integer(reason.get("retryAfterMs"), 0, 0, DAY_MS)
        if code == 1000 and self._bye_sent and self._leaves:
            self._done = True
            self._wait(0)
        elif code in (4400, 4401, 4403):
            self._wait_long()
        elif code in (4409, 4429):
            self._wait(max(self._hint_ms, MINUTE_MS) + self._backoff())
        elif code == 1012 and self._drain_slot is None:
            # Its slot: a random part on top would undo that. One that comes sooner than the backoff is none.
            self._wait(max(self._hint_ms, self._backoff()))
        else:
            self._fail()

    # ---- the link --------------------------------------------------------------------------------------------------

    def _send_frame(self, opcode: int, payload: bytes) -> None:
        self._output += websocket.frame(opcode, payload, self._random().to_bytes(4, "big"))

    def _send(self, frame: str) -> int:
        """Sends a frame that is written as JSON, as the subprotocol has it. Returns its bytes."""
        payload = self._binary(frame) if self._is_binary else frame.encode()
        self._send_frame(self._kind, payload)
        return len(payload)

    def _binary(self, frame: str) -> bytes:
        value = json.loads(frame)
        if self._layout is not None and value["type"] == "telemetry":
            value = binary.shorten(value, self._layout["streams"])
        return binary.encode(value)

    def _say_hello(self) -> None:
        # The newest that fit, and one that the hub knows: those before it ended when it began.
        seen = [] if self._oldest_seen is None or not self._unseen else [self._oldest_seen]
        first = max(0, len(self._unseen) - MOST_BOOTS + len(seen))
        self._held = self._unseen[:first]
        self._announced = self._unseen[first:] + seen
        hello: "Dict[str, object]" = {
            "type": "hello",
            "boot": self._boot,
            "deviceType": self._type,
            "t1": self._now,
            "unresolved": [command.id for command in self._commands.open],
        }
        if self._firmware is not None:
            hello["firmware"] = self._firmware
        if self._heartbeat_sec is not None:
            hello["heartbeatSec"] = self._heartbeat_sec
        if self._memory is not None:
            hello["persistsCommands"] = True
        if self._max_frame < 65536:
            hello["maxFrame"] = self._max_frame
        if self._layout is not None:
            hello["layout"] = self._layout["fingerprint"]
        if self._held_rev is not None:
            hello["desiredRev"] = self._held_rev
        if self._announced:
            hello["boots"] = [{"boot": boot, "up": up} for boot, up in self._announced]
        self._state = WELCOMING
        self._state_until = self._now + WELCOME_MS
        self._frames = websocket.Frames(self._max_frame, self._kind)
        self._send(dumps(hello))
        self._begin_data()
        self._send_readings()

    def _begin_data(self) -> None:
        """Data frames are numbered anew. Those of the last session that are not settled go first."""
        lines = [item for item in [flight[1] for flight in self._flights] + self._again if isinstance(item, _Log)]
        self._logs = (lines + self._logs)[-MOST_LOGS:]
        self._flights = []
        self._again = []
        self._seq = self._cursor = self._early_bytes = 0
        self._data_at = self._results_at = 0
        self._bye_sent = False

    def _take_chunk(self, chunk: bytes) -> int:
        """Returns how much of it belongs to the state that it came in."""
        if self._state == UPGRADING:
            answer = self._answer
            taken = answer.take(chunk)  # type: ignore[union-attr]
            if answer.broken:  # type: ignore[union-attr]
                self._fail()
            elif answer.ended:  # type: ignore[union-attr]
                self._take_answer(answer)  # type: ignore[arg-type]
            return taken
        if self._state == REFUSED:
            # The body of a refusal says which of several reasons it is.
            if not self._answer.take_body(chunk) or _code_of(self._answer.body):  # type: ignore[union-attr]
                self._refused()
        elif self._state in (WELCOMING, OPEN):
            self._take_frames(chunk)
        return len(chunk)

    def _take_answer(self, answer: websocket.Answer) -> None:
        if answer.accepted:
            self._say_hello()
        elif answer.status == 101:
            self._fail()
        else:
            self._ended_by = answer.status
            self._state = REFUSED

    def _take_frames(self, chunk: bytes) -> None:
        self._frames.feed(chunk)
        try:
            while self._state in (WELCOMING, OPEN):
                found = self._frames.next()
                if found is None:
                    return
                opcode, payload = found
                if opcode == self._kind:
                    self._take_frame(payload)
                elif opcode == websocket.PING:
                    self._send_frame(websocket.PONG, payload)
                elif opcode == websocket.CLOSE:
                    self._close_came(payload)
        except websocket.Fault as fault:
            self._send_frame(websocket.CLOSE, fault.code.to_bytes(2, "big"))
            self._fail()

    # ---- step ------------------------------------------------------------------------------------------------------

    def _say_bye(self) -> None:
        sleep = self._bye_sleep_sec if self._leaves else None
        self._send('{"type":"bye"}' if not sleep else '{"type":"bye","sleepSec":%s}' % dumps(sleep))
        self._bye_sent = True
        self._state_until = self._now + BYE_MS

    def _step_open(self) -> None:
        if self._now - self._heard_at > self._heartbeat_ms + self._grace_ms:
            # Nothing goes through: what is owed is not waited for.
            self._output = b""
            self._fail()
            return
        if self._bye_sent:
            if self._now >= self._state_until:
                self._fail()
            return
        if self._drain_slot is not None and self._now >= self._drain_slot:
            # The hub had its time to close.
            self._fail()
            return
        self._send_answers()
        self._run_commands()
        self._send_answers()
        if self._owes_report and self._now >= self._results_at and len(self._output) <= self._output_limit:
            self._send_report()
            self._owes_report = False
        says_word = self._owes_word and not self._word_sent
        if says_word and self._now >= self._results_at and len(self._output) <= self._output_limit:
            self._send(self._word)
            self._word_sent = self._word
            self._owes_word = False
        if self._now >= self._beat_at:
            self._send('{"type":"heartbeat","t1":%d}' % self._now)
            self._beat_at = self._now + self._heartbeat_ms * 8 // 10
        if self._drain_slot is not None:
            return
        all_sent = self._send_readings()
        if all_sent and self._held and not self._flights:
            # The hub takes eight boots at a time: the others are told with the next hello.
            self._reconnects = True
        owes = self._owes_report or self._word or self._commands.open or self._held
        self._leaves = self._says_bye and all_sent and not owes and not self._reconnects
        if self._reconnects or self._leaves:
            self._reconnects = False
            self._say_bye()

    def _next_step(self) -> int:
        if self._state == IDLE:
            return 60000 if self._done else self._until(self._wait_until, 60000)
        if self._state != OPEN:
            return self._until(self._state_until, 60000)
        wait = self._until(self._heard_at + self._heartbeat_ms + self._grace_ms + 1, 60000)
        if self._bye_sent:
            return self._until(self._state_until, wait)
        wait = self._until(self._beat_at, wait)
        if self._drain_slot is not None:
            wait = self._until(self._drain_slot, wait)
        for at in (self._data_at, self._results_at):
            if at > self._now:
                wait = self._until(at, wait)
        # Readings wait for the rate: a thousandth of a second brings `per_second` thousandths.
        if self._credit < 1000:
            wait = min(wait, (1000 - self._credit) // self._per_second + 1)
        return wait

    def _until(self, at: int, most: int) -> int:
        return min(max(0, at - self._now), most)


def begin(up: int, **settings: "Any") -> Core:
    """Makes a core from its settings, its store and its memory, and loads what outlived the last boot. Raises ValueError, OSError.

    `host`: `HOST:PORT` for the upgrade request. `id`, `secret`, `type`: as registered. `store`, `memory`: see store.py; without them
    nothing outlives a loss of power. `cbor`: binary frames (hub.v1.cbor), with the LAYOUT of generated code in their short form, with
    True with their names. `on_command`: a function, or one for each name of a command; it returns None or its output,
    RUNNING, or raises Rejected. `on_desired`: takes the desired state, and calls `reported`, now or later.
    """
    return Core(up, **settings)


def _milliseconds(seconds: object, otherwise: int, least: int) -> int:
    if not is_number(seconds):
        return otherwise
    return integer(seconds * 1000, otherwise, least, DAY_MS)  # type: ignore[operator]


def _printable(secret: str) -> str:
    """A secret that can stand in a header; empty when it cannot."""
    return secret if all([" " < c < "\x7f" for c in secret]) else ""


def _paths(nack: "Dict[str, object]") -> "List[object]":
    """What is at fault."""
    errors = nack.get("errors")
    return [fault.get("path") for fault in errors if isinstance(fault, dict)] if isinstance(errors, list) else []


def _code_of(body: bytes) -> str:
    """`error.code` of a refusal, once all of it is there. It may come in chunks, whose lengths are no JSON."""
    begin, end = body.find(b"{"), body.rfind(b"}")
    refusal = object_of(body[begin : end + 1]) if 0 <= begin < end else None
    error = None if refusal is None else refusal.get("error")
    return text(error.get("code"), 64) if isinstance(error, dict) else ""


def _patch(told: "Dict[str, object]", state: "Dict[str, object]") -> "Dict[str, object]":
    """What makes the second of the first, by RFC 7396. All that holds is in it."""
    patch: "Dict[str, object]" = {}
    for name in told:
        if name not in state:
            patch[name] = None
    for name in state:
        old, new = told.get(name), state[name]
        patch[name] = _patch(old if isinstance(old, dict) else {}, new) if isinstance(new, dict) else new
    return patch


def _both(one: "Dict[str, object]", other: "Dict[str, object]") -> "Dict[str, object]":
    """All names of both."""
    both = dict(one)
    for name in other:
        old, new = one.get(name), other[name]
        both[name] = _both(old, new) if isinstance(old, dict) and isinstance(new, dict) else new
    return both
