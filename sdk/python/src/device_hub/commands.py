"""Commands: never late, never twice, answered until the hub has the answer. Part of the core."""

import json

from .text import dumps

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .ports import Memory

RUNNING = "running"

WAITING = 0
BEGUN = 1
ENDED = 2

# As much of a frame as an output may fill.
_LONGEST = 20000

STATUSES = ("succeeded", "failed", "rejected", "expired", "cancelled")


class Rejected(ValueError):
    """Raised by the function of a command: the command does not begin, for this reason."""


class Command:
    """A command that the hub has sent: `id`, `name`, `params`."""

    def __init__(self, id: str, name: str, params: "dict[str, object]") -> None:
        self.id = id
        self.name = name
        self.params = params
        self.state = WAITING
        self.deadline = 0
        self.ttl = 0
        self.arrived = 0
        self.status = ""
        self.output: object = None
        self.error = ""
        self.owes_received = False
        self.owes_result = False

    def __repr__(self) -> str:
        return "Command(id=%r, name=%r, params=%r)" % (self.id, self.name, self.params)

    def result(self) -> str:
        """The frame that says how it ended."""
        more = ""
        if self.output is not None:
            more += ',"output":' + dumps(self.output)
        if self.error:
            more += ',"error":' + dumps(self.error)
        return '{"type":"result","re":"%s","status":"%s"%s}' % (self.id, self.status, more)


class Commands:
    """The commands that the hub has not acked, and the ids of those that must not run (any more)."""

    def __init__(self, memory: "Memory | None", most: int, remembered: int) -> None:
        self._memory = memory
        self._most = most
        self._remembered = remembered
        self.open: "list[Command]" = []
        # Ids that are settled, the oldest first, and those that were cancelled or said to be unknown before they came.
        self._done: "list[str]" = []
        self._refused: "list[str]" = []
        self._statuses: "dict[str, str]" = {}
        self._count = 0

    def load(self, values: "dict[str, str]") -> None:
        """Takes what outlived the last boot. What had not ended then has failed: nobody knows how far it came."""
        done = []
        for key in values:
            if key[:2] != "c-":
                continue
            kept = json.loads(values[key])
            if kept[0] == "done":
                done.append((kept[1], key[2:]))
                continue
            command = Command(key[2:], "", {})
            self.open.append(command)
            if kept[0] in STATUSES:
                command.state = ENDED
                command.status, command.output, command.error = kept
            else:
                self.end(command, "failed", None, "the device rebooted before it ended")
        done.sort()
        self._done = [id for _, id in done]
        self._count = done[-1][0] if done else 0
        for id in self._done:
            self._statuses[id] = "rejected"

    def find(self, id: str) -> "Command | None":
        """The command that is not acked."""
        for command in self.open:
            if command.id == id:
                return command
        return None

    def refusal(self, id: str) -> str:
        """With which status a command of this id is refused; empty: it is not."""
        return self._statuses.get(id, "")

    def add(self, command: Command) -> bool:
        """Stores the id, so that it is known after a loss of power. False when there is no room for it."""
        if len(self.open) >= self._most or not self._save(command.id, '["%s"]' % RUNNING):
            return False
        self.open.append(command)
        return True

    def end(self, command: Command, status: str, output: object, error: str) -> None:
        """How the command ended, kept until the hub has acked it."""
        error = error[:1024]
        try:
            kept = dumps([status, output, error])
            if len(kept) > _LONGEST:
                raise ValueError("it has more than %d bytes" % _LONGEST)
        except (TypeError, ValueError) as fault:
            status, output, error = "failed", None, ("its output cannot be sent: %s" % fault)[:1024]
            kept = dumps([status, output, error])
        command.state = ENDED
        command.status = status
        command.output = output
        command.error = error
        command.owes_received = False
        command.owes_result = True
        # When it is not kept, it is answered as one that failed after a reboot, and does not run again.
        self._save(command.id, kept)

    def settle(self, command: Command) -> None:
        """The hub has the result: the command is forgotten, but not its id."""
        self.open.remove(command)
        self._count += 1
        self._save(command.id, '["done",%d]' % self._count)
        self._done.append(command.id)
        self._statuses[command.id] = "rejected"
        if len(self._done) > self._remembered:
            oldest = self._done.pop(0)
            self._statuses.pop(oldest, None)
            self._save(oldest, None)

    def refuse(self, id: str, status: str) -> None:
        """A command of this id that may still come is not to run."""
        if id in self._statuses:
            return
        self._refused.append(id)
        self._statuses[id] = status
        if len(self._refused) > self._remembered:
            self._statuses.pop(self._refused.pop(0), None)

    def _save(self, id: str, text: "str | None") -> bool:
        return self._memory is None or self._memory.save("c-" + id, text)
