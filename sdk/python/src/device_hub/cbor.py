"""The frames of `hub.v1.cbor` (RFC 8949). What comes is read as strictly as the hub reads: what JSON does not have is no frame."""

import struct

from .text import double

_MOST_DEPTH = 64
_LONGEST_INTEGER = (1 << 53) - 1

# What the short forms begin with.
_READING = 1
_ACK = 2


class _Undefined:
    """Stands for a field that is left out, in short forms only."""


UNDEFINED = _Undefined()


class Float:
    """A number that is written as a float even where it is whole: in short forms an integer counts steps."""

    def __init__(self, value: "int | float") -> None:
        self.value = value


# ---- writing -----------------------------------------------------------------------------------------------------------


def encode(value: object, strict: bool = False) -> bytes:
    """A value of JSON, or a short form, as CBOR. Raises TypeError for anything else.

    JSON can spell half a surrogate pair, and UTF-8 cannot: then there is a `?` in its place, or with `strict` a ValueError.
    """
    parts = []  # type: list[bytes]
    _write(parts, value, strict)
    return b"".join(parts)


def _write(parts: "list[bytes]", value: object, strict: bool) -> None:
    if value is None:
        parts.append(b"\xf6")
    elif value is True or value is False:
        parts.append(b"\xf5" if value else b"\xf4")
    elif isinstance(value, int):
        _write_integer(parts, value)
    elif isinstance(value, float):
        # As JSON numbers are: whole ones are integers.
        if value - value == 0 and value == int(value) and -_LONGEST_INTEGER <= value <= _LONGEST_INTEGER:
            _write_integer(parts, int(value))
        else:
            parts.append(_float(value))
    elif isinstance(value, Float):
        parts.append(_float_or_null(value.value))
    elif isinstance(value, str):
        _write_text(parts, value, strict)
    elif isinstance(value, (list, tuple)):
        parts.append(_head(4, len(value)))
        for item in value:
            _write(parts, item, strict)
    elif isinstance(value, dict):
        parts.append(_head(5, len(value)))
        for name in value:
            _write_text(parts, name, strict)
            _write(parts, value[name], strict)
    elif value is UNDEFINED:
        parts.append(b"\xf7")
    else:
        raise TypeError("CBOR of a %s" % type(value))


def _write_integer(parts: "list[bytes]", value: int) -> None:
    if not -_LONGEST_INTEGER <= value <= _LONGEST_INTEGER:
        # As its digits would be read in JSON.
        parts.append(_float_or_null(value))
    else:
        parts.append(_head(0, value) if value >= 0 else _head(1, -1 - value))


def _float_or_null(value: "int | float") -> bytes:
    """Null where a double has no room for it, as JSON has it."""
    found = double(value)
    return b"\xf6" if found is None else _float(found)


def _write_text(parts: "list[bytes]", text: str, strict: bool) -> None:
    data = text.encode() if strict else text.encode("utf-8", "replace")
    parts.append(_head(3, len(data)))
    parts.append(data)


def _head(major: int, argument: int) -> bytes:
    kind = major << 5
    if argument < 24:
        return bytes((kind | argument,))
    for info, size in ((24, 1), (25, 2), (26, 4)):
        if argument < 1 << 8 * size:
            return bytes((kind | info,)) + argument.to_bytes(size, "big")
    return bytes((kind | 27,)) + argument.to_bytes(8, "big")


def _float(value: float) -> bytes:
    try:
        short = struct.pack(">f", value)
        if struct.unpack(">f", short)[0] == value:
            return b"\xfa" + short
    except OverflowError:
        pass
    return b"\xfb" + struct.pack(">d", value)


def shorten(frame: "dict[str, object]", streams: "list[list[object]]") -> object:
    """The short form of a telemetry frame with one reading; the frame itself when it has none."""
    for index in range(len(streams)):
        if streams[index][0] == frame.get("stream"):
            values = _values(streams[index][1], frame.get("data"))  # type: ignore[arg-type]
            if values is None:
                return frame
            time = frame["ts"] if "ts" in frame else [frame["up"]]
            more = {name: frame[name] for name in ("backfill", "boot") if name in frame}
            return [_READING, frame["seq"], index, time, values] + ([more] if more else [])
    return frame


def _values(fields: "list[list[object]]", data: object) -> "list[object] | None":
    if not isinstance(data, dict):
        return None
    values = [_item(field, data.get(field[0], UNDEFINED)) for field in fields]
    if len([value for value in values if value is not UNDEFINED]) < len(data):
        return None
    while len(values) > 1 and values[-1] is UNDEFINED:
        values.pop()
    return values


def _item(field: "list[object]", value: object) -> object:
    words = field[1] if isinstance(field[1], (list, tuple)) else None
    if isinstance(value, str):
        return words.index(value) if words is not None and value in words else value
    if value is True or value is False or not isinstance(value, (int, float)):
        return value
    # Of a field with words, a number is none of them. What is larger has no steps, and they could not be counted.
    if words is None and -_LONGEST_INTEGER <= value <= _LONGEST_INTEGER:
        unit, scale = field[1], field[2]
        steps = round(value * scale / unit)  # type: ignore[operator]
        if abs(steps * unit) <= _LONGEST_INTEGER and steps * unit / scale == value:  # type: ignore[operator]
            return steps
    return Float(value)


# ---- reading -----------------------------------------------------------------------------------------------------------


def frame_of(data: bytes) -> "dict[str, object] | None":
    """The frame in these bytes, with names; None when it is none."""
    try:
        reader = _Reader(data)
        value = reader.item(0)
        if reader.at != len(data):
            return None
    except (ValueError, IndexError, RuntimeError, MemoryError):
        return None
    if isinstance(value, dict):
        return value
    if isinstance(value, list) and len(value) == 2 and value[0] == _ACK:
        return {"type": "ack", "upTo": value[1]}
    return None


class _Reader:
    """Raises ValueError and IndexError for what is no JSON, or not well-formed."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.at = 0

    def item(self, depth: int) -> object:
        if depth > _MOST_DEPTH:
            raise ValueError("too deep")
        head = self._data[self.at]
        self.at += 1
        major, info = head >> 5, head & 31
        if major == 0:
            return self._argument(info)
        if major == 1:
            return -1 - self._argument(info)
        if major == 3:
            return self._text(info)
        if major == 4:
            return [self.item(depth + 1) for _ in range(self._length(info, 1))]
        if major == 5:
            return self._map(info, depth)
        if major == 7:
            return self._simple(info)
        # Byte strings and tags.
        raise ValueError("no JSON")

    def _bytes(self, length: int) -> bytes:
        if length > len(self._data) - self.at:
            raise ValueError("cut short")
        self.at += length
        return self._data[self.at - length : self.at]

    def _argument(self, info: int) -> int:
        if info < 24:
            return info
        if info > 27:
            # Reserved, or of no definite length.
            raise ValueError("no argument")
        return int.from_bytes(self._bytes(1 << (info - 24)), "big")

    def _length(self, info: int, least: int) -> int:
        length = self._argument(info)
        # Before anything is made of it: a few bytes may claim to have billions of items.
        if length * least > len(self._data) - self.at:
            raise ValueError("cut short")
        return length

    def _text(self, info: int) -> str:
        return self._bytes(self._length(info, 1)).decode()

    def _map(self, info: int, depth: int) -> "dict[str, object]":
        members = {}  # type: dict[str, object]
        for _ in range(self._length(info, 2)):
            head = self._data[self.at]
            self.at += 1
            if head >> 5 != 3:
                raise ValueError("a name is no text")
            name = self._text(head & 31)
            if name in members:
                raise ValueError("a name twice")
            members[name] = self.item(depth + 1)
        return members

    def _simple(self, info: int) -> object:
        if info == 20 or info == 21:
            return info == 21
        if info == 22:
            return None
        if info == 25:
            value = _half(int.from_bytes(self._bytes(2), "big"))
        elif info == 26:
            value = struct.unpack(">f", self._bytes(4))[0]
        elif info == 27:
            value = struct.unpack(">d", self._bytes(8))[0]
        else:
            raise ValueError("no JSON")
        if value - value != 0:
            raise ValueError("not finite")
        return value


def _half(bits: int) -> float:
    """IEEE 754 binary16, as RFC 8949 appendix D."""
    exponent, fraction = bits >> 10 & 31, bits & 1023
    sign = -1 if bits & 0x8000 else 1
    if exponent == 0:
        return sign * fraction * 2.0**-24
    if exponent == 31:
        return sign * float("inf") if fraction == 0 else float("nan")
    return sign * (1 + fraction / 1024) * 2.0 ** (exponent - 15)
