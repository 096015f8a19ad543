"""A virtual node with the real firmware, a real broker between, and the host's own ingest."""

from pathlib import Path

from patience import PATIENCE_S, until

from filmgauge.record.record import Record
from filmgauge_host.telemetry.address import parse_address
from filmgauge_host.telemetry.ingest import Ingest
from filmgauge_host.telemetry.received_record import ReceivedRecord
from filmgauge_host.telemetry.store import RecordStore
from filmgauge_sim.board.executable import RuntimeName
from filmgauge_sim.board.littlefs_outside import listing
from filmgauge_sim.nodes.configuration import Broker
from filmgauge_sim.nodes.node_options import NodeOptions
from filmgauge_sim.nodes.virtual_node import VirtualNode
from filmgauge_sim.scenario.loading import load_scenario
from filmgauge_sim.scenario.simulation import virtual_node

CYCLER = """
[[node.world.cycler]]
action = "charge"
rate_c = 0.2
hours = 1.0
[[node.world.cycler]]
action = "rest"
hours = 0.2
[[node.world.cycler]]
action = "discharge"
rate_c = 0.3
hours = 1.0
"""


def scenario_text(
    name: str = "rig",
    seed: int = 1,
    errors: str = "ideal",
    outages: tuple[tuple[float, float], ...] = (),
    intervals: str = "",
    records: str = "",
) -> str:
    """Return a scenario of one node. outages in hours; intervals, records: lines of sections."""
    lines = [f'name = "rig"\nseed = {seed}\n[network]\n']
    lines += [f"[[network.outages]]\nbegin_h = {a}\nend_h = {b}\n" for a, b in outages]
    lines += [f'[[node]]\nname = "{name}"\n[node.cell]\nsoc = 0.5\nsoc_sigma = 0.001\n']
    lines += [f"[node.intervals]\n{intervals}\n[node.records]\n{records}\n"]
    lines += ["[node.world]\nclock_error_ppm = 40\n", CYCLER]
    lines += [f'[node.world.sensor]\nerrors = "{errors}"\n']
    return "".join(lines)


class Receiver:
    """The host's side: everything that arrives, stored once."""

    def __init__(self, folder: Path, url: str):
        folder.mkdir(parents=True, exist_ok=True)
        self.store = RecordStore(folder / "records.sqlite")
        self.ingest = Ingest(parse_address(url), self.store)
        self.ingest.start()
        assert self.ingest.wait_connected(PATIENCE_S)

    def __enter__(self) -> "Receiver":
        return self

    def __exit__(self, *error: object) -> None:
        self.ingest.close()
        self.store.close()

    def records(self, name: str, count: int) -> list[Record]:
        """Return the records of a node by (boot, seq) once there are `count`."""
        until(lambda: self.store.count(name) >= count)
        stored = list(self.store.records(name))
        assert len(stored) == count
        until(lambda: self._shows(name, stored[-1]))
        assert not self.ingest.rejected()  # a record that came twice with other content is one
        return [report.record for report in stored]

    def _shows(self, name: str, stored: ReceivedRecord) -> bool:
        """Return whether the ingest shows what is stored already."""
        shown = self.ingest.nodes().get(name)
        return bool(shown and shown.latest and shown.latest.key >= stored.key)


def make_node(
    folder: Path, url: str, runtime: RuntimeName, text: str, real_wait_ms: int = 10_000
) -> VirtualNode:
    """Return the node of a scenario. A healthy broker may take its time in real time."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "scenario.toml").write_text(text)
    scenario = load_scenario(str(folder / "scenario.toml"))
    address = parse_address(url)
    broker = Broker(address.host, address.port)
    node = scenario.node[0]
    options = NodeOptions(runtime, real_wait_ms=real_wait_ms)
    return virtual_node(scenario, node, broker, folder, options)


def wake(node: VirtualNode, count: int) -> None:
    """Let a node wake `count` times; it must stay alive."""
    for _ in range(count):
        node.step()
        assert node.dead is None, node.console.read_text()[-2000:]


def backlog(node: VirtualNode) -> list[str]:
    """Return the names of the records that wait on the node."""
    return [name for name in listing(node.flash, "/backlog") if name not in (".", "..")]


def said(node: VirtualNode) -> str:
    """Return what the firmware has printed."""
    return node.console.read_text()
