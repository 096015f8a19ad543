"""Records a second of a core, published to stored and acknowledged, beside a plain script; and
how long one takes at a thousand messages a second. Real mosquitto, every part a process."""

import getpass
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.figures import Figure

_OURS, _PLAIN = "bench.ingest_ours", "bench.ingest_plain"
_RECORDS, _RUNS = 30_000, 3
_NODES, _STEADY_S = 1000, 20
_BOUND_PER_S, _BOUND_MS = 15_000, 100
_MOSQUITTO = "/usr/sbin/mosquitto"
_CONFIGURATION = Path(__file__).parent.parent / "docs" / "mosquitto.conf"
# What the configuration has for many nodes, as its comments say; and nothing on the disk, where
# the broker shall not be what is measured.
_MANY_NODES = {"autosave_on_changes": "false"}
_MEMORY_ALONE = {"persistence": "false"}


def report() -> Iterator[Figure]:
    """Yield the throughput of both in turn, the best of three runs each, and the latency."""
    for nodes in (10, _NODES):
        runs = [(_throughput(_OURS, nodes), _throughput(_PLAIN, nodes)) for _ in range(_RUNS)]
        ours, plain = (max(each) for each in zip(*runs, strict=True))
        yield Figure(
            f"records of {nodes} nodes, published to stored and acknowledged",
            f"{ours[0]:,.0f} a second of a core, {ours[1]:,.0f} a second of the clock",
            f"{_BOUND_PER_S:,} a second of a core",
        )
        yield Figure(
            "the same with a plain script: paho, json, executemany",
            f"{plain[0]:,.0f} a second of a core, {plain[1]:,.0f} a second of the clock;"
            f" ours has {ours[0] / plain[0]:.1f} times as many",
        )
    median_ms, centile_ms = _latency_ms()
    yield Figure(
        f"{_NODES} nodes at one message a second for {_STEADY_S} s, published to stored",
        f"median {median_ms:.0f} ms, 99th percentile {centile_ms:.0f} ms",
        f"{_BOUND_MS} ms",
    )


def _throughput(receiver: str, nodes: int) -> tuple[float, float]:
    """Return the records a second of processor time, and of the clock."""
    with _broker(_MEMORY_ALONE) as (folder, port):
        cpu_s, took_s, *_ = _run(receiver, folder, port, nodes, _RECORDS)
    return _RECORDS / cpu_s, _RECORDS / took_s


def _latency_ms() -> tuple[float, float]:
    with _broker(_MANY_NODES) as (folder, port):
        records = _NODES * _STEADY_S
        _, _, median_ms, centile_ms = _run(_OURS, folder, port, _NODES, records, str(_NODES))
    return median_ms, centile_ms


def _run(
    receiver: str, folder: Path, port: str, nodes: int, records: int, *rate: str
) -> list[float]:
    """Return what the receiver prints: its CPU seconds, seconds from the first message on, ..."""
    with (
        _module(receiver, port, str(folder / "records.sqlite"), str(records)) as into,
        _module("bench.ingest_load", port, str(nodes), str(records), *rate) as load,
    ):
        assert load.stdin is not None
        load.stdin.write("\n")
        load.stdin.flush()
        began_s = float(_line(load))
        cpu_s, done_s, *waits_ms = map(float, _line(into).split())
    return [cpu_s, done_s - began_s, *waits_ms]


@contextmanager
def _module(name: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Run a module that prints "ready" when it is, and what it has found at its end."""
    command = [sys.executable, "-m", name, *arguments]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            _line(process)
            yield process
        finally:
            process.kill()


def _line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise RuntimeError(f"{process.args} has ended")
    return line


@contextmanager
def _broker(changed: dict[str, str]) -> Iterator[tuple[Path, str]]:
    """Run mosquitto as docs/mosquitto.conf has it but for these keys; yield folder and port."""
    with tempfile.TemporaryDirectory(prefix="filmgauge-ingest-") as name:
        folder, port = Path(name), _free_port()
        own = {
            "listener": f"{port} 127.0.0.1",
            "persistence_location": f"{folder}/",
            "user": getpass.getuser(),
            **changed,
        }
        lines = _CONFIGURATION.read_text().splitlines()
        lines = [line for line in lines if line.partition(" ")[0] not in own]
        lines += [f"{key} {value}" for key, value in own.items()]
        (folder / "mosquitto.conf").write_text("\n".join([*lines, ""]))
        command = [_MOSQUITTO, "-c", str(folder / "mosquitto.conf")]
        with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
            try:
                _wait_listening(int(port))
                yield folder, port
            finally:
                process.terminate()


def _wait_listening(port: int) -> None:
    deadline_s = time.monotonic() + 10
    while time.monotonic() < deadline_s:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise RuntimeError("mosquitto does not listen")


def _free_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])
