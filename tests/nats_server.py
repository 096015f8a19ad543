"""One NATS server with MQTT, to which no MQTT client has come before a test makes one come."""

import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Self

from mqtt_brokers import free_port, listens
from patience import until

from filmgauge_host.virtual.embedded_broker import find_server

_CONFIGURATION = """\
server_name: a
host: 127.0.0.1
port: {port}
jetstream {{ store_dir: "{folder}" }}
mqtt {{ host: 127.0.0.1, port: {mqtt_port} }}
"""


class NatsServer:
    """Use as a context. port, address: for workers, without a login; mqtt_url: for nodes."""

    def __init__(self, directory: Path, extra: str = "") -> None:
        self.port, self._mqtt_port = free_port(), free_port()
        self._folder = directory / "jetstream"
        self._file = directory / "nats.conf"
        self._process: subprocess.Popen[bytes] | None = None
        self.configure(extra)
        self.address = f"127.0.0.1:{self.port}"
        self.mqtt_url = f"mqtt://127.0.0.1:{self._mqtt_port}"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.kill()

    def configure(self, extra: str) -> None:
        """Write the configuration with `extra`, and have a server that runs read it."""
        usual = _CONFIGURATION.format(
            port=self.port, mqtt_port=self._mqtt_port, folder=self._folder
        )
        self._file.write_text(usual + extra)
        if self._process is not None:
            os.kill(self._process.pid, signal.SIGHUP)

    def start(self) -> None:
        """Start the server, with what it has on its disk."""
        command = [find_server(), "-c", str(self._file)]
        self._process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        until(lambda: listens(self.port) and listens(self._mqtt_port))

    def kill(self) -> None:
        """Kill the server as a loss of power would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def wipe(self) -> None:
        """Empty its disk, while it does not run."""
        assert self._process is None
        shutil.rmtree(self._folder)
