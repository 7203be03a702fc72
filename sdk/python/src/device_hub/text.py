"""JSON as the hub wants it, and values out of JSON that anybody may have written."""

import json

# Beyond it no two programs read the same number (RFC 8259 section 6).
MOST_INTEGER = (1 << 53) - 1

# Deep nesting is a RecursionError for CPython, and a RuntimeError for MicroPython, which has too little memory for some texts.
_UNREADABLE = (ValueError, RuntimeError, MemoryError)

_ID = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"


def double(value: "int | float") -> "float | None":
    """A number as the double that every program makes of its digits; None when there is none: NaN, infinite, or 1e309."""
    try:
        found = float(value)
    except OverflowError:
        return None
    return found if found - found == 0 else None


def dumps(value: object) -> str:
    """Compact JSON in one line. A number that JSON does not have is null. Raises TypeError and ValueError for what is no JSON."""
    return json.dumps(_without_nan(value, 64), separators=(",", ":"))


def _without_nan(value: object, depth: int) -> object:
    if depth == 0:
        raise ValueError("deeper than 64 levels")
    if value is True or value is False:
        return value
    if isinstance(value, (int, float)):
        return value if double(value) is not None else None
    if isinstance(value, dict):
        kept = {}
        for name in value:
            if not isinstance(name, str):
                raise TypeError("a name is no text: %r" % (name,))
            kept[name] = _without_nan(value[name], depth - 1)
        return kept
    if isinstance(value, (list, tuple)):
        return [_without_nan(item, depth - 1) for item in value]
    if value is None or isinstance(value, str):
        return value
    raise TypeError("%s is no JSON" % type(value))


def object_of(data: bytes) -> "dict[str, object] | None":
    """The JSON object in this text; None when it is none."""
    try:
        value = json.loads(data.decode())
    except _UNREADABLE:
        return None
    return value if isinstance(value, dict) else None


def integer(value: object, otherwise: int, least: int = 0, most: int = MOST_INTEGER) -> int:
    """A number as an integer within these limits; `otherwise` when it is none."""
    if value is True or value is False or not isinstance(value, (int, float)) or value != value:
        return otherwise
    return least if value <= least else most if value >= most else int(value)


def is_number(value: object) -> bool:
    """Whether it is a number, and not NaN or infinite."""
    return value is not True and value is not False and isinstance(value, (int, float)) and value - value == 0


def text(value: object, longest: int) -> str:
    """A text of at most so many characters without control characters; empty when it is none."""
    if not isinstance(value, str) or len(value) > longest or any([c < " " or c == "\x7f" for c in value]):
        return ""
    return value


def id_of(value: object) -> str:
    """An id of the protocol; empty when it is none."""
    found = text(value, 64)
    return found if all([c in _ID for c in found]) else ""
