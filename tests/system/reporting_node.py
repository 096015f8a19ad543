"""A virtual node with the real firmware, a real broker between, and the host's own ingest."""

from pathlib import Path

from patience import PATIENCE_S, until

from filmgauge.record.record import Record
from filmgauge_host.telemetry.address import parse_address
from filmgauge_host.telemetry.ingest import Ingest
from filmgauge_host.telemetry.store import RecordStore
from filmgauge_sim.board.littlefs_outside import listing
from filmgauge_sim.nodes.virtual_node import Broker, RuntimeName, VirtualNode
from filmgauge_sim.scenario.scenario import load_scenario

CYCLER = """
[[node.cycler]]
action = "charge"
rate_c = 0.2
hours = 1.0
[[node.cycler]]
action = "rest"
hours = 0.2
[[node.cycler]]
action = "discharge"
rate_c = 0.3
hours = 1.0
"""


def scenario_text(
    name: str = "rig",
    seed: int = 1,
    errors: str = "ideal",
    outages: tuple[tuple[float, float], ...] = (),
    firmware: str = "",
) -> str:
    """Return a scenario of one node. outages in hours, firmware: lines of its section."""
    lines = [f'name = "rig"\nseed = {seed}\n[network]\n']
    lines += [f"[[network.outages]]\nbegin_h = {a}\nend_h = {b}\n" for a, b in outages]
    lines += [f'[[node]]\nname = "{name}"\nclock_error_ppm = 40\n', CYCLER]
    lines += [f'[node.sensor]\nerrors = "{errors}"\n[node.firmware]\n{firmware}\n']
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
        found = [report.record for report in self.store.reports(name)]
        assert len(found) == count
        assert not self.ingest.rejected()  # a record that came twice with other content is one
        return found


def make_node(
    folder: Path, url: str, runtime: RuntimeName, text: str, real_wait_ms: int = 10_000
) -> VirtualNode:
    """Return the node of a scenario. A healthy broker may take its time in real time."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "scenario.toml").write_text(text)
    scenario = load_scenario(str(folder / "scenario.toml"))
    address = parse_address(url)
    return VirtualNode(
        scenario.node[0],
        scenario.network,
        Broker(address.host, address.port),
        scenario.seed,
        folder,
        runtime,
        real_wait_ms=real_wait_ms,
    )


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
