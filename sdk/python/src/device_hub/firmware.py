"""The file of a new firmware, from the hub or from where it says. CPython only."""

import os
import random
from base64 import b64encode
from hashlib import sha256
from http.client import HTTPConnection, HTTPException, HTTPSConnection, HTTPResponse
from queue import Empty, Queue
from threading import Event, Thread
from time import monotonic
from typing import Any, Callable, Dict, Tuple
from urllib.parse import urlsplit

from .application import Address, Application
from .link import context_of

CHUNK = 65536
# A file that came wrong so often will not come right.
ATTEMPTS = 3
# The hub takes a word a second on average.
PROGRESS_SEC = 2
# How long the word `applying` may take to the hub before the device goes on without.
TOLD_SEC = 5


class Forged(ValueError):
    """It was not signed by the maker of this device."""


class Later(OSError):
    """It broke off, or the hub asks to come back after `seconds`. What has come is kept: call `fetch` again then."""

    def __init__(self, why: str, seconds: int) -> None:
        super().__init__(why)
        self.seconds = seconds


def fetch(
    update: "Dict[str, Any]",
    path: str,
    *,
    url: str,
    id: str,
    secret: str,
    ca: "str | None" = None,
    verify: "Callable[[bytes, str], bool] | None" = None,
    on_bytes: "Callable[[int], object] | None" = None,
    timeout: float = 30,
) -> None:
    """Gets the file of an update into `path`, from where an earlier call stopped, and verifies its size and SHA-256.

    `url`, `id`, `secret`, `ca`: as of the device; the secret goes to the hub alone. `verify` is given the SHA-256 and the signature in base64,
    and says whether it is that of the maker (Ed25519; the standard library has none). Raises Later; ValueError when the file is not what
    the hub says, Forged when it is not signed by its maker: it is removed then, and the hub should be told `failed` or `rejected`.
    """
    have = os.path.getsize(path) if os.path.exists(path) else 0
    if have > update["size"]:
        os.remove(path)
        have = 0
    if have < update["size"]:
        _get(update, path, have, url, "%s:%s" % (id, secret), ca, on_bytes, timeout)
    digest = _digest(path)
    fault: "ValueError | None" = None
    if digest.hex() != update["sha256"]:
        fault = ValueError("the file has the SHA-256 %s" % digest.hex())
    elif verify is not None and not verify(digest, update.get("signature", "")):
        fault = Forged("it was not signed by the maker of this device")
    if fault is not None:
        os.remove(path)
        raise fault


def _get(
    update: "Dict[str, Any]",
    path: str,
    have: int,
    url: str,
    credential: str,
    ca: "str | None",
    on_bytes: "Callable[[int], object] | None",
    timeout: float,
) -> None:
    hub = Address(url)
    away = urlsplit(update["url"])
    at_hub = not away.netloc
    headers = {"Authorization": "Basic %s" % b64encode(credential.encode()).decode()} if at_hub else {}
    if have:
        headers["Range"] = "bytes=%d-" % have
        headers["If-Range"] = '"%s"' % update["sha256"]
    with_tls = hub.has_tls if at_hub else away.scheme == "https"
    host, port = (hub.host, hub.port) if at_hub else (away.hostname or "", away.port or (443 if with_tls else 80))
    target = update["url"] if at_hub else away.path + ("?" + away.query if away.query else "")
    connection = (
        HTTPSConnection(host, port, timeout=timeout, context=context_of(hub, ca) if at_hub else None)
        if with_tls
        else HTTPConnection(host, port, timeout=timeout)
    )
    try:
        connection.request("GET", target, headers=headers)
        answer = connection.getresponse()
        if answer.status not in (200, 206):
            if answer.status == 416 and have:
                os.remove(path)
            after = answer.headers.get("Retry-After", "")
            raise Later("the hub answers %d" % answer.status, int(after) if after.isdigit() else 60)
        _save(answer, path, update["size"], on_bytes)
    except HTTPException as fault:
        raise Later(str(fault) or fault.__class__.__name__, 1) from fault
    except Later:
        raise
    except OSError as fault:
        raise Later(str(fault), 1) from fault
    finally:
        connection.close()


def _save(
    answer: HTTPResponse, path: str, size: int, on_bytes: "Callable[[int], object] | None"
) -> None:
    # 200 is the whole file, from its beginning.
    with open(path, "ab" if answer.status == 206 else "wb") as file:
        have = file.tell()
        while True:
            data = answer.read(CHUNK)
            if not data:
                break
            have += len(data)
            if have > size:
                file.truncate(0)
                raise Later("it is longer than %d bytes" % size, 60)
            file.write(data)
            if on_bytes is not None:
                on_bytes(have)
        file.flush()
        os.fsync(file.fileno())
    if have < size:
        raise Later("%d of %d bytes have come" % (have, size), 1)


def _digest(path: str) -> bytes:
    hash = sha256()
    with open(path, "rb") as file:
        for data in iter(lambda: file.read(CHUNK), b""):
            hash.update(data)
    return hash.digest()


class _Stopped(Exception):
    pass


class Updates:
    """Brings a device to the firmware that the hub wants, while it goes on measuring: the file is got in a thread.

    Give `on_update` to `begin`, and call `step` in the loop of the device. `apply` is given the update and the path of the verified file,
    installs it and runs it: a new boot whose `firmware` is the version. The hub knows by then that it is being applied. What it raises is
    reported as the failure. `url`, `ca`: as of the device; `verify`: as of `fetch`.
    """

    def __init__(
        self,
        path: str,
        apply: "Callable[[Dict[str, Any], str], object]",
        *,
        url: str,
        ca: "str | None" = None,
        verify: "Callable[[bytes, str], bool] | None" = None,
    ) -> None:
        self._path = path
        self._apply = apply
        self._settings: "Dict[str, Any]" = {"url": url, "ca": ca, "verify": verify}
        self._wanted: "Dict[str, Any] | None" = None
        self._thread: "Thread | None" = None
        self._stop = Event()
        # What the thread has to say: state, percent, error.
        self._words: "Queue[Tuple[str, float | None, str]]" = Queue()
        self._apply_by: "float | None" = None

    def on_update(self, update: "Dict[str, Any] | None") -> None:
        """Takes what the device should run now."""
        if self._apply_by is not None:
            return
        self._stop.set()
        self._wanted = update
        self._thread = None

    def step(self, device: Application) -> None:
        """Says how far it is, and applies what has come."""
        update = self._wanted
        if update is None:
            return
        if self._thread is None:
            self._begin(device, update)
        while self._apply_by is None:
            try:
                state, percent, error = self._words.get_nowait()
            except Empty:
                return
            device.update_status(state, percent, error)
            if state == "applying":
                self._apply_by = monotonic() + TOLD_SEC
        if not device.core.is_update_told and monotonic() < self._apply_by:
            return
        self._apply_by = None
        try:
            self._apply(update, self._path)
        except Exception as fault:
            device.update_status("failed", None, str(fault) or fault.__class__.__name__)

    def _begin(self, device: Application, update: "Dict[str, Any]") -> None:
        id, secret = device.core.credential()
        self._stop = Event()
        self._words = Queue()
        work = (update, {**self._settings, "id": id, "secret": secret}, self._stop, self._words)
        self._thread = Thread(target=self._run, args=work, daemon=True)
        self._thread.start()

    def _run(
        self, update: "Dict[str, Any]", settings: "Dict[str, Any]", stop: Event, words: "Queue[Tuple[str, float | None, str]]"
    ) -> None:
        said = 0.0
        attempt = 0

        def on_bytes(have: int) -> None:
            nonlocal said
            if stop.is_set():
                raise _Stopped
            if monotonic() - said >= PROGRESS_SEC:
                said = monotonic()
                words.put(("downloading", 100 * have // update["size"], ""))

        while not stop.is_set():
            wait = 1.0
            try:
                fetch(update, self._path, on_bytes=on_bytes, **settings)
                words.put(("applying", None, ""))
                return
            except _Stopped:
                return
            except Later as fault:
                words.put(("waiting", None, str(fault)))
                wait = fault.seconds
            except Forged as fault:
                words.put(("rejected", None, str(fault)))
                return
            except (OSError, ValueError) as fault:
                attempt += 1
                if attempt == ATTEMPTS or isinstance(fault, OSError):
                    words.put(("failed", None, str(fault)))
                    return
            # Others were asked to come back as well.
            stop.wait(wait * (1 + random.random() / 2))
