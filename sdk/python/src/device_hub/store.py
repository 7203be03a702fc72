"""What outlives a loss of power: readings that wait, and a few values. Files that only grow, in a folder.

A file is a list of lines, and each line begins with the CRC of the rest. A write that the power cut is a last line that is not
whole; nothing is ever written behind such a line.
"""

import binascii
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterator

    from .ports import Files

_POSIX = hasattr(os, "fsync")


class Folder:
    """The files of a folder. A port to other storage has the same five functions; each may raise OSError."""

    def __init__(self, path: str) -> None:
        """Makes the folder if it is not there."""
        self._path = path
        at = 0
        while at >= 0:
            at = path.find("/", at + 1)
            part = path if at < 0 else path[:at]
            try:
                os.mkdir(part)
            except OSError:
                # It is there; if it is not, the next line or the first use says so.
                continue
        os.listdir(path)

    def names(self) -> "list[str]":
        """The names of all files."""
        return list(os.listdir(self._path))

    def lines(self, name: str) -> "Iterator[bytes]":
        """The lines of a file, each with its line end; the last one may have none."""
        with open(self._path + "/" + name, "rb") as file:
            while True:
                line = file.readline()
                if not line:
                    return
                yield line

    def read(self, name: str, at: int, length: int) -> bytes:
        """So many bytes of a file, from this place on."""
        with open(self._path + "/" + name, "rb") as file:
            file.seek(at)
            return file.read(length)

    def append(self, name: str, data: bytes, durable: bool = True) -> None:
        """Writes at the end of a file, which need not be there. With `durable`, it is on the disk when this returns."""
        path = self._path + "/" + name
        if not _POSIX:
            # On a flash file system a file is durable when it is closed.
            with open(path, "ab") as file:
                file.write(data)
            return
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0)
        # 0600: the secret may be in it.
        handle = os.open(path, flags, 0o600)
        try:
            is_new = durable and os.fstat(handle).st_size == 0
            while data:
                data = data[os.write(handle, data) :]
            if durable:
                os.fsync(handle)
        finally:
            os.close(handle)
        if is_new and hasattr(os, "O_DIRECTORY"):
            folder = os.open(self._path, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)

    def remove(self, name: str) -> None:
        """Deletes a file."""
        os.remove(self._path + "/" + name)


def _line(content: bytes) -> bytes:
    return ("%08x " % (binascii.crc32(content) & 0xFFFFFFFF)).encode() + content + b"\n"


def _content(line: bytes) -> "bytes | None":
    """What stands in a line; None when it is damaged."""
    content = line[9:-1]
    return content if line == _line(content) else None


def _numbered(names: "list[str]", letter: str) -> "list[tuple[int, str]]":
    found = []
    for name in names:
        if name[:1] == letter and len(name) == 9 and all([c in "0123456789abcdef" for c in name[1:]]):
            found.append((int(name[1:], 16), name))
    found.sort()
    return found


class _Segment:
    def __init__(self, name: str, first: int) -> None:
        self.name = name
        self.first = first
        # Where the record of each number from `first` on stands; None: dropped.
        self.places: "list[tuple[int, int] | None]" = []
        self.live = 0
        self.low = 0
        self.size = 0
        self.torn = False

    def add(self, number: int, at: int, length: int) -> None:
        while len(self.places) < number - self.first:
            self.places.append(None)
        self.places.append((at, length))
        self.live += 1

    def drop(self, number: int) -> bool:
        index = number - self.first
        if not 0 <= index < len(self.places) or self.places[index] is None:
            return False
        self.places[index] = None
        self.live -= 1
        return True

    def next(self, after: int) -> int:
        while self.low < len(self.places) and self.places[self.low] is None:
            self.low += 1
        for index in range(max(after + 1 - self.first, self.low), len(self.places)):
            if self.places[index] is not None:
                return self.first + index
        return 0


class FileStore:
    """Readings in files. A record that was appended is there until it is dropped, whatever happens to the power."""

    def __init__(self, files: "Files", limit: int = 4 << 20, segments: int = 8) -> None:
        """`limit`: bytes of all files together. Raises OSError when the files cannot be read."""
        self._files = files
        self._limit = limit
        self._segment_size = limit // segments
        self._segments: "list[_Segment]" = []
        self._next = 1
        # Lines that were written whole and are not whole any more.
        self.damaged = 0
        for first, name in _numbered(files.names(), "r"):
            self._load(_Segment(name, first))
        self._tidy()

    def _load(self, segment: _Segment) -> None:
        self._segments.append(segment)
        self._next = max(self._next, segment.first + 1)
        for line in self._files.lines(segment.name):
            at = segment.size
            segment.size += len(line)
            content = _content(line)
            if line[-1:] != b"\n":
                segment.torn = True
            elif content is None:
                self.damaged += 1
            elif content[:1] == b"-":
                self._forget(int(content[1:]))
            else:
                space = content.find(b" ")
                number = int(content[:space])
                segment.add(number, at + 10 + space, len(content) - space - 1)
                self._next = max(self._next, number + 1)

    def _forget(self, number: int) -> bool:
        for segment in self._segments:
            if segment.drop(number):
                return True
        return False

    def _tidy(self) -> bool:
        """Deletes files that are of no use, the oldest first: what was dropped from one stands in itself or in later ones.

        The last one stays as long as it can be written. True when there is more room on the disk.
        """
        before = len(self._segments)
        while self._segments and self._segments[0].live == 0 and (len(self._segments) > 1 or self._segments[0].torn):
            if not self._try_to_remove(self._segments[0].name):
                # It is tried again with the next drop.
                break
            self._segments = self._segments[1:]
        return len(self._segments) < before

    def _try_to_remove(self, name: str) -> bool:
        try:
            self._files.remove(name)
        except OSError:
            return False
        return True

    def append(self, record: bytes) -> int:
        """The number of the new record; 0 when the store is full. Raises OSError when the disk does not take it."""
        try:
            return self._append(record)
        except OSError:
            # Settled readings may have filled the disk.
            if not self._tidy():
                raise
        return self._append(record)

    def _append(self, record: bytes) -> int:
        line = _line(("%d " % self._next).encode() + record)
        if sum([segment.size for segment in self._segments]) + len(line) > self._limit:
            return 0
        last = self._segments[-1] if self._segments else None
        if last is None or last.torn or last.size + len(line) > self._segment_size:
            last = _Segment("r%08x" % self._next, self._next)
            self._segments.append(last)
        at = last.size
        number = self._next
        # Whatever becomes of the write, the number may stand in the file.
        self._next += 1
        try:
            self._files.append(last.name, line)
        except OSError:
            last.torn = True
            if at == 0:
                # A disk that stays full is not to be filled with files of nothing.
                self._segments = self._segments[:-1]
                self._try_to_remove(last.name)
            raise
        last.size += len(line)
        last.add(number, at + len(line) - len(record) - 1, len(record))
        self._tidy()
        return number

    def next(self, after: int) -> int:
        """The number of the first record behind this number; 0: there is none."""
        for segment in self._segments:
            if segment.live > 0 and segment.first + len(segment.places) > after:
                found = segment.next(after)
                if found:
                    return found
        return 0

    def read(self, number: int) -> "bytes | None":
        """The record; None when there is none, or it cannot be read."""
        for segment in self._segments:
            index = number - segment.first
            if 0 <= index < len(segment.places):
                place = segment.places[index]
                if place is None:
                    return None
                try:
                    return self._files.read(segment.name, place[0], place[1])
                except OSError:
                    return None
        return None

    def drop(self, number: int) -> None:
        """The record is of no more use."""
        if not self._forget(number):
            return
        last = self._segments[-1]
        line = _line(("-%d" % number).encode())
        try:
            if not last.torn:
                # Not durable: a reading that is sent twice is stored once.
                self._files.append(last.name, line, False)
                last.size += len(line)
        except OSError:
            last.torn = True
        self._tidy()


class RamStore:
    """Readings in memory: they outlive a broken connection, and no loss of power."""

    def __init__(self, limit: int = 1 << 20) -> None:
        """`limit`: bytes of all records together."""
        self._limit = limit
        self._size = 0
        self._first = 1
        self._last = 0
        self._records: "dict[int, bytes]" = {}

    def append(self, record: bytes) -> int:
        """The number of the new record; 0 when the store is full."""
        if self._size + len(record) > self._limit:
            return 0
        self._last += 1
        self._records[self._last] = record
        self._size += len(record)
        return self._last

    def next(self, after: int) -> int:
        """The number of the first record behind this number; 0: there is none."""
        for number in range(max(after + 1, self._first), self._last + 1):
            if number in self._records:
                return number
        return 0

    def read(self, number: int) -> "bytes | None":
        """The record; None when there is none."""
        return self._records.get(number)

    def drop(self, number: int) -> None:
        """The record is of no more use."""
        self._size -= len(self._records.pop(number, b""))
        while self._first <= self._last and self._first not in self._records:
            self._first += 1


class FileMemory:
    """Values by name, in a file of changes; the last change of a name holds."""

    def __init__(self, files: "Files", limit: int = 64 << 10) -> None:
        """`limit`: the file is written anew when it has more bytes. Raises OSError when the files cannot be read."""
        self._files = files
        self._limit = limit
        self._values: "dict[str, str]" = {}
        self._names: "list[str]" = []
        self._number = 0
        self._size = 0
        # What it had when it was written anew.
        self._least = 0
        self._torn = False
        for number, name in _numbered(files.names(), "v"):
            self._load(number, name)

    def _load(self, number: int, name: str) -> None:
        self._names.append(name)
        self._number = number
        self._size = 0
        for line in self._files.lines(name):
            self._size += len(line)
            content = _content(line)
            self._torn = content is None
            if content is not None:
                key, _, text = content.decode().partition(" ")
                self._set(key, text or None)

    def _set(self, key: str, text: "str | None") -> None:
        if text is None:
            self._values.pop(key, None)
        else:
            self._values[key] = text

    def load(self) -> "dict[str, str]":
        """All values."""
        return dict(self._values)

    def save(self, key: str, text: "str | None") -> bool:
        """Keeps a text of one line under a name without blanks; None forgets it. False when the disk does not take it."""
        line = _line(("%s %s" % (key, text or "")).encode())
        try:
            if not self._names or self._torn or self._size > max(self._limit, 2 * self._least):
                self._write_anew(key, text)
            else:
                self._files.append(self._names[-1], line)
                self._size += len(line)
        except OSError:
            # How much of it is in the file, nobody knows.
            self._torn = True
            return False
        self._set(key, text)
        return True

    def _write_anew(self, key: str, text: "str | None") -> None:
        values = self.load()
        values.pop(key, None)
        if text is not None:
            values[key] = text
        self._number += 1
        name = "v%08x" % self._number
        old = self._names
        # Also when it is written in part: what stands in it is right.
        self._names = old + [name]
        lines = b"".join([_line(("%s %s" % (k, values[k])).encode()) for k in values])
        try:
            self._files.append(name, lines if lines else _line((key + " ").encode()))
        except OSError:
            # A disk that stays full is not to be filled with files of nothing. If it stays, it is read, and is the newest.
            self._files.remove(name)
            self._names = old
            raise
        self._size = self._least = len(lines)
        self._torn = False
        for before in old:
            try:
                self._files.remove(before)
            except OSError:
                # What stands in it is older than what stands in the new one: it is tried again next time.
                return
            self._names = self._names[1:]
