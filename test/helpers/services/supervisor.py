"""The least of a service manager: it starts a command, restarts it when its watchdog is not fed, and prints what it hears.

python3 supervisor.py SOCKET WATCHDOG_USEC COMMAND...
"""
import os
import signal
import socket
import subprocess
import sys
import time

path, usec, command = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
sock.bind(path)
child = None


def stop(*_):
    if child is not None:
        child.kill()
    sys.exit(0)


signal.signal(signal.SIGTERM, stop)


def say(text):
    print(text, flush=True)


while True:
    env = dict(os.environ, NOTIFY_SOCKET=path, WATCHDOG_USEC=str(usec))
    child = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    say(f"started {child.pid}")
    deadline = None
    while child.poll() is None:
        sock.settimeout(0.1 if deadline is None else max(0.01, deadline - time.monotonic()))
        try:
            state = sock.recv(4096).decode()
        except TimeoutError:
            if deadline is not None and time.monotonic() >= deadline:
                # A process that is stopped takes no other signal.
                child.kill()
                child.wait()
                say("hung")
            continue
        if state.startswith("BARRIER"):
            continue
        say(state.strip())
        deadline = time.monotonic() + usec / 1e6
