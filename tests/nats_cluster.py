"""Three NATS servers with the configuration of docs/scale, as processes that can be killed."""

import os
import signal
import subprocess
from pathlib import Path
from typing import Self

from mqtt_brokers import free_port, listens
from patience import until

from filmgauge_host.virtual.embedded_broker import find_server

_CONFIGURATION = Path(__file__).parent.parent / "docs" / "scale" / "nats.conf"
_HOST = "127.0.0.1"


class NatsCluster:
    """Use as a context. servers: for workers; brokers: for nodes, in the same order."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._names = ("a", "b", "c")
        self._ports = {name: [free_port() for _ in range(3)] for name in self._names}
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self.servers = [f"nats://{_HOST}:{self._ports[name][0]}" for name in self._names]
        self.brokers = [f"mqtt://{_HOST}:{self._ports[name][1]}" for name in self._names]

    def __enter__(self) -> Self:
        for at in range(3):
            self.start(at)
        # no MQTT client comes before those of the test: the stream is the workers' to make
        until(lambda: all(listens(port) for ports in self._ports.values() for port in ports))
        return self

    def __exit__(self, *_error: object) -> None:
        for at in range(3):
            self.kill(at)

    def start(self, at: int) -> None:
        """Start a server, with what it has on its disk."""
        name = self._names[at]
        port, mqtt_port, cluster_port = self._ports[name]
        routes = ",".join(f'"nats://{_HOST}:{ports[2]}"' for ports in self._ports.values())
        environment = {
            **os.environ,
            "NATS_NAME": name,
            "NATS_HOST": _HOST,
            "NATS_PORT": str(port),
            "NATS_MQTT_PORT": str(mqtt_port),
            "NATS_CLUSTER_PORT": str(cluster_port),
            "NATS_ROUTES": f"[{routes}]",
            "NATS_FOLDER": str(self._directory / name),
        }
        log = self._directory / f"{name}.log"
        command = [find_server(), "-c", str(_CONFIGURATION), "-l", str(log)]
        self._processes[name] = subprocess.Popen(command, env=environment)

    def kill(self, at: int) -> None:
        """Kill a server as a loss of power would."""
        process = self._processes.pop(self._names[at], None)
        if process is not None:
            process.send_signal(signal.SIGKILL)
            process.wait()
