"""What the firmware needs of a board: bytecode, heap, requests, awake time and charge."""

import subprocess
import tempfile
from bisect import bisect_left
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import fmean

import msgspec

from bench.figures import Figure
from filmgauge_host.telemetry.address import parse_address
from filmgauge_host.virtual.embedded_broker import EmbeddedBroker
from filmgauge_sim.board.firmware_image import rom
from filmgauge_sim.circuit.harvesting import HarvestingCircuit
from filmgauge_sim.nodes.boards import board_kind
from filmgauge_sim.nodes.configuration import Broker, compiled_profile
from filmgauge_sim.nodes.node_options import NodeOptions
from filmgauge_sim.nodes.tables import varied
from filmgauge_sim.nodes.virtual_node import VirtualNode
from filmgauge_sim.scenario.loading import load_scenario
from filmgauge_sim.scenario.scenario import ScenarioNode
from filmgauge_sim.scenario.simulation import virtual_node
from filmgauge_sim.score.interpreter_client import interpreter

_WAKES = 30
_NOT_AWAKE = ("boot", "deep sleep", "light sleep", "waking")
_LARGEST_KB, _SMALLEST_KB = 128, 16
_IN_A_ROW = 5
# A heap that is nearly full fragments with time. Scenario, records that must come, and the bound.
_CARRIED = (
    ("bench", 48, f"{board_kind('esp32-c3').heap_kb} KB, of the virtual ESP32s"),
    ("window", 12, "100 KB"),
)
_CODE_BOUND, _HEAP_BOUND = 24 * 1024, 12 * 1024
_WINDOW_H = 168
_GLANCE_TRANSFERS = 2  # a current is read twice
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
# The least is what it takes where nobody else wants the processor: of times that are shorter than
# the turn that a busy one gives.
for _ in range(500):
    begun = time.ticks_us()
    for minute in range(10):
        update(minute)
    one = min(one, time.ticks_diff(time.ticks_us(), begun) / 10)
    begun = time.ticks_us()
    loop(5000)
    a_pass = min(a_pass, time.ticks_diff(time.ticks_us(), begun) / 5000)
print(heap, one, a_pass)
"""


def report() -> Iterator[Figure]:
    """Yield sizes and costs of one wake."""
    sizes = {
        path.relative_to(rom() / "app").as_posix(): path.stat().st_size
        for path in (rom() / "app").rglob("*.mpy")
    }
    profile = compiled_profile(load_scenario("bench").node[0].description).to_bytes()
    gauge = sum(size for path, size in sizes.items() if "/gauge/" in path) + len(profile)
    yield Figure("firmware as bytecode", f"{sum(sizes.values()):,} bytes in {len(sizes)} files")
    yield Figure("gauge and profile of it", f"{gauge:,} bytes", f"{_CODE_BOUND:,} bytes")
    yield from _gauge_costs(profile)
    yield from _window()
    with EmbeddedBroker() as embedded:
        address = parse_address(embedded.url)
        broker = Broker(address.host, address.port)
        yield from _wakes(broker)
        for name, reports, bound in _CARRIED:
            smallest_kb = smallest_heap_kb(partial(_goes_well, name, broker, reports))
            yield Figure(
                f"smallest heap that carries `{name}` (32 bits, nothing frozen)",
                f"{smallest_kb} KB",
                bound,
            )


def _gauge_costs(profile: bytes) -> Iterator[Figure]:
    """Measure heap and time of the gauge on the real interpreter."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "costs.py"
        of_it = rom(users=[_ON_INTERPRETER % ("", "")]) / "app"
        script.write_text(_ON_INTERPRETER % (str(of_it), profile.hex()))
        command = [*interpreter(), str(script)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
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
        scenario, nowhere = load_scenario("window"), Broker("127.0.0.1", 1)
        options = NodeOptions("cpython")
        with (
            tempfile.TemporaryDirectory() as folder,
            closing(virtual_node(scenario, given, nowhere, Path(folder), options)) as node,
        ):
            looks, glances = _watched(node)
            world = node.world
            assert isinstance(world, HarvestingCircuit)
            world.advance_to(node.now_us)
            ledger, kind = world.ledger, node.kind
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


@dataclass
class _Wakes:
    """Wakes of one kind: how many, and how long awake those that wrote nothing to flash."""

    count: int = 0
    waking_us: int = 0
    plain_us: list[int] = field(default_factory=list)

    @property
    def mean_us(self) -> float:
        return fmean(self.plain_us) if self.plain_us else 0.0


def _watched(node: VirtualNode) -> tuple[_Wakes, _Wakes]:
    """Let a node live; return its looks at the voltage and its glances at the current."""
    looks, glances = _Wakes(), _Wakes()
    while node.now_us < _WINDOW_H * 3_600_000_000:
        transfers, programs = node.board.transfers, node.flash.programs
        before = dict(node.board.load.time_us)
        node.step()
        if asked := node.board.transfers - transfers:
            wakes, now = looks if asked > _GLANCE_TRANSFERS else glances, node.board.load.time_us
            wakes.count += 1
            wakes.waking_us += now["waking"] - before["waking"]
            if node.flash.programs == programs:
                wakes.plain_us.append(now["active"] - before["active"])
    return looks, glances


@contextmanager
def _node(name: str, broker: Broker, heap_kb: int) -> Iterator[VirtualNode]:
    """The node of a scenario with a heap of `heap_kb`."""
    scenario = load_scenario(name)
    with tempfile.TemporaryDirectory() as folder:
        options = NodeOptions("micropython32", heap_kb)
        made = virtual_node(scenario, scenario.node[0], broker, Path(folder), options)
        with closing(made) as node:
            yield node


def _wakes(broker: Broker) -> Iterator[Figure]:
    costs: dict[str, list[tuple[int, int]]] = {"samples": [], "reports": []}
    with _node("bench", broker, _LARGEST_KB) as node:
        for wake in range(_WAKES):
            requests, awake_us = node.board.requests, _awake_us(node)
            node.step()
            if wake > 0:  # the first wake sets everything up
                reports = wake % node.description.intervals.report_every == 0
                cost = node.board.requests - requests, _awake_us(node) - awake_us
                costs["reports" if reports else "samples"].append(cost)
        charge = node.board.load.charge_pc
    for what, wakes in costs.items():
        requests, awake_us = (fmean(each) for each in zip(*wakes, strict=True))
        yield Figure(
            f"a wake that {what}",
            f"{requests:.1f} requests to the board, {awake_us / 1000:.1f} ms awake after the boot",
        )
    total = sum(charge.values())
    shares = ", ".join(f"{state} {100 * pc / total:.1f} %" for state, pc in charge.items())
    yield Figure("charge of a wake from USB", f"{total / _WAKES / 1e9:.1f} mC ({shares})")


def _awake_us(node: VirtualNode) -> int:
    times = node.board.load.time_us
    return sum(us for state, us in times.items() if state not in _NOT_AWAKE)


def smallest_heap_kb(goes_well: Callable[[int], bool]) -> int:
    """Return the least size from which on `_IN_A_ROW` go well: near it, one that goes well may be
    followed by one that does not."""
    heaps_kb = range(_SMALLEST_KB, _LARGEST_KB)
    kb = _SMALLEST_KB + bisect_left(heaps_kb, True, key=goes_well)
    good = 0
    while good < _IN_A_ROW:
        good = good + 1 if goes_well(kb) else 0
        kb += 1
    return kb - _IN_A_ROW


def _goes_well(name: str, broker: Broker, reports: int, heap_kb: int) -> bool:
    """Return whether a node makes so many records, and no wake finds its heap too small."""
    with _node(name, broker, heap_kb) as node:
        most = 2 * reports * node.description.intervals.report_every
        while node.made < reports and node.wakes < most and node.dead is None:
            node.step()
            node.new_records()
        return node.made == reports and "MemoryError" not in node.console.read_text()
