"""What the firmware needs of a board: bytecode, heap, requests, awake time and charge."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from filmgauge_host.telemetry.address import parse_address
from filmgauge_host.telemetry.broker import EmbeddedBroker
from filmgauge_sim.board.image import rom
from filmgauge_sim.node import Broker, VirtualNode
from filmgauge_sim.scenario import load_scenario

_WAKES = 30
_LARGEST_KB, _SMALLEST_KB = 64, 16


def report() -> Iterator[str]:
    """Yield sizes and costs of one wake."""
    sizes = {
        path.relative_to(rom() / "firmware").as_posix(): path.stat().st_size
        for path in (rom() / "firmware").rglob("*.mpy")
    }
    gauge = sum(size for path, size in sizes.items() if "/gauge/" in path)
    yield f"bytecode: {sum(sizes.values())} bytes in {len(sizes)} files, gauge {gauge} bytes"
    with EmbeddedBroker() as embedded, tempfile.TemporaryDirectory() as folder:
        address = parse_address(embedded.url)
        maker = _NodeMaker(Broker(address.host, address.port), Path(folder))
        yield from _wakes(maker)
        yield f"smallest heap: {_smallest_heap_kb(maker)} KB of a 32-bit board"


class _NodeMaker:
    """Makes bench nodes, each with its own folder."""

    def __init__(self, broker: Broker, folder: Path) -> None:
        self._broker = broker
        self._folder = folder
        self._made = 0

    def make(self, heap_kb: int) -> VirtualNode:
        """Return a node of the bench scenario with a heap of `heap_kb`."""
        self._made += 1
        folder = self._folder / str(self._made)
        folder.mkdir()
        scenario = load_scenario("bench")
        return VirtualNode(
            scenario.node[0],
            scenario.network,
            self._broker,
            scenario.seed,
            folder,
            heap=f"{heap_kb}wK",
        )


def _wakes(maker: _NodeMaker) -> Iterator[str]:
    node = maker.make(_LARGEST_KB)
    quiet: list[tuple[int, int]] = []
    reporting: list[tuple[int, int]] = []
    for wake in range(_WAKES):
        requests, awake_us = node.board.requests, _awake_us(node)
        node.step()
        costs = node.board.requests - requests, _awake_us(node) - awake_us
        if wake > 0:  # the first wake sets everything up
            (reporting if wake % node.section.firmware.report_every == 0 else quiet).append(costs)
    for name, wakes in (("sampling wake", quiet), ("reporting wake", reporting)):
        requests = sum(cost[0] for cost in wakes) / len(wakes)
        awake_ms = sum(cost[1] for cost in wakes) / len(wakes) / 1000
        yield f"{name}: {requests:.1f} requests, {awake_ms:.1f} ms awake after the boot"
    charge = node.board.meter.charge_pc
    total = sum(charge.values())
    shares = ", ".join(f"{state} {100 * pc / total:.1f} %" for state, pc in charge.items())
    yield f"charge: {total / _WAKES / 1e9:.1f} mC a wake from USB ({shares})"
    node.close()


def _awake_us(node: VirtualNode) -> int:
    times = node.board.meter.time_us
    return sum(us for state, us in times.items() if state not in ("boot", "deep sleep"))


def _smallest_heap_kb(maker: _NodeMaker) -> int:
    """Return the smallest heap with which two rounds of wakes and reports go well."""
    low, high = _SMALLEST_KB, _LARGEST_KB
    while low < high:
        middle = (low + high) // 2
        if _goes_well(maker, middle):
            high = middle
        else:
            low = middle + 1
    return high


def _goes_well(maker: _NodeMaker, heap_kb: int) -> bool:
    node = maker.make(heap_kb)
    for _ in range(2 * node.section.firmware.report_every):
        node.step()
        if node.dead:
            break
    console = node.console.read_text()
    node.close()
    return node.dead is None and "MemoryError" not in console and node.made == 2
