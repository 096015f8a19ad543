"""Real brokers with one face: start, stop, kill -9, start again on the same port."""

import getpass
import os
import signal
import socket
import subprocess
from pathlib import Path
from typing import Protocol

from patience import until

from filmgauge_host.virtual.embedded_broker import EmbeddedBroker

_MOSQUITTO = "/usr/sbin/mosquitto"
_CONFIGURATION = """\
listener {port} 127.0.0.1
allow_anonymous {anonymous}
user {user}
persistence true
persistence_location {directory}/
autosave_on_changes true
autosave_interval 1
"""


class Broker(Protocol):
    @property
    def url(self) -> str: ...
    @property
    def pid(self) -> int | None: ...
    def start(self) -> None: ...
    def stop(self) -> None: ...
    def kill(self) -> None: ...
    def save(self) -> None: ...


class Nats(EmbeddedBroker):
    """The embedded broker, killable."""

    def kill(self) -> None:
        pid = self.pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        assert self._process is not None
        self._process.wait()

    def save(self) -> None:
        """Do nothing: what it has acknowledged is with the operating system already."""


class Mosquitto:
    """Debian's mosquitto with persistence. It acknowledges before it saves: see `save`."""

    def __init__(self, directory: Path, extra: str = "", anonymous: bool = True):
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._file = directory / "mosquitto.conf"
        text = _CONFIGURATION.format(
            port=self._port,
            directory=directory,
            user=getpass.getuser(),
            anonymous=str(anonymous).lower(),
        )
        self._file.write_text(text + extra)
        self._database = directory / "mosquitto.db"

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self._port}"

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def start(self) -> None:
        self._process = subprocess.Popen(
            [_MOSQUITTO, "-c", str(self._file)], stderr=subprocess.DEVNULL
        )
        until(lambda: _listens(self._port))

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait()

    def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def save(self) -> None:
        """Have everything acknowledged so far written to disk, as SIGUSR1 asks for."""
        assert self._process is not None
        before = self._saved_ns()
        self._process.send_signal(signal.SIGUSR1)
        until(lambda: self._saved_ns() != before)

    def _saved_ns(self) -> int:
        return self._database.stat().st_mtime_ns if self._database.exists() else 0


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
