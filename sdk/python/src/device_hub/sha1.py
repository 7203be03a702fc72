"""SHA-1 (FIPS 180-4) for ports of MicroPython that have none. It proves only that the hub speaks WebSocket."""


def _rotated(value: int, by: int) -> int:
    return ((value << by) | (value >> (32 - by))) & 0xFFFFFFFF


class sha1:
    """As in hashlib, for data that is there at once."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def digest(self) -> bytes:
        """The 20 bytes."""
        bits = 8 * len(self._data)
        data = self._data + b"\x80" + bytes((55 - len(self._data)) % 64) + bits.to_bytes(8, "big")
        state = [0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0]
        for at in range(0, len(data), 64):
            words = [int.from_bytes(data[at + 4 * i : at + 4 * i + 4], "big") for i in range(16)]
            for i in range(16, 80):
                words.append(_rotated(words[i - 3] ^ words[i - 8] ^ words[i - 14] ^ words[i - 16], 1))
            a, b, c, d, e = state
            for i in range(80):
                if i < 20:
                    f, k = (b & c) | (~b & d), 0x5A827999
                elif i < 40:
                    f, k = b ^ c ^ d, 0x6ED9EBA1
                elif i < 60:
                    f, k = (b & c) | (b & d) | (c & d), 0x8F1BBCDC
                else:
                    f, k = b ^ c ^ d, 0xCA62C1D6
                a, b, c, d, e = (_rotated(a, 5) + f + e + k + words[i]) & 0xFFFFFFFF, a, _rotated(b, 30), c, d
            state = [(x + y) & 0xFFFFFFFF for x, y in zip(state, (a, b, c, d, e))]
        return b"".join([word.to_bytes(4, "big") for word in state])
