"""micropython.py on CPython, with stand-ins for what MicroPython has and CPython has not: its streams, its TLS, its counter of ms."""

import socket
import ssl
import sys
import time
import types

import device_hub

# The counter has 30 bits (MICROPY_PY_TIME_TICKS_PERIOD), and wraps soon after the start here.
PERIOD = 1 << 30
started = time.monotonic_ns()
time.ticks_ms = lambda: ((time.monotonic_ns() - started) // 1000000 - 50) % PERIOD
time.ticks_diff = lambda a, b: (a - b + PERIOD // 2) % PERIOD - PERIOD // 2


class Stream:
    """Reads and writes give None instead of an error when nothing moves now."""

    def __init__(self, real=None):
        self.real = socket.socket() if real is None else real

    def settimeout(self, seconds):
        self.real.settimeout(seconds)

    def setblocking(self, blocks):
        self.real.setblocking(blocks)

    def connect(self, address):
        self.real.connect(address)

    def fileno(self):
        return self.real.fileno()

    def read(self, most):
        try:
            return self.real.recv(most)
        except (BlockingIOError, ssl.SSLWantReadError):
            return None

    def write(self, data):
        try:
            return self.real.send(data)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return None

    def close(self):
        self.real.close()


class Context:
    def __init__(self, protocol):
        self.real = ssl.SSLContext(protocol)
        self.verify_mode = self.real.verify_mode

    def load_verify_locations(self, cadata):
        self.real.load_verify_locations(cadata=cadata.decode())

    def wrap_socket(self, stream, server_hostname):
        self.real.verify_mode = self.verify_mode
        stream.real = self.real.wrap_socket(stream.real, server_hostname=server_hostname)
        return Stream(stream.real)


sys.modules["socket"] = types.SimpleNamespace(
    socket=Stream, getaddrinfo=socket.getaddrinfo, SOCK_STREAM=socket.SOCK_STREAM
)
sys.modules["ssl"] = types.SimpleNamespace(
    SSLContext=Context, PROTOCOL_TLS_CLIENT=ssl.PROTOCOL_TLS_CLIENT, CERT_REQUIRED=ssl.CERT_REQUIRED
)
from device_hub.micropython import begin  # noqa: E402, F401
