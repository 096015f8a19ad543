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
_CONFIGURATION = Path(__file__).parent.parent / "docs" / "mosquitto.conf"


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
    """Debian's mosquitto as docs/mosquitto.conf has it, or as it is installed with `usual`. It
    acknowledges before it saves: see `save`."""

    def __init__(
        self, directory: Path, extra: str = "", anonymous: bool = True, usual: bool = False
    ):
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._file = directory / "mosquitto.conf"
        own = {
            "listener": f"{self._port} 127.0.0.1",
            "allow_anonymous": str(anonymous).lower(),
            "persistence_location": f"{directory}/",
        }
        kept = [] if usual else _CONFIGURATION.read_text().splitlines()
        lines = [line for line in kept if line.partition(" ")[0] not in own]
        lines += [f"{key} {value}" for key, value in own.items()]
        lines += [f"user {getpass.getuser()}", *extra.splitlines()]
        self._file.write_text("\n".join([*lines, ""]))
        self._ports = [int(each.split()[1]) for each in lines if each.startswith("listener ")]
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
        until(lambda: all(listens(port) for port in self._ports))

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


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
