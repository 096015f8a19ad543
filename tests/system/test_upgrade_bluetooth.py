"""A version over Bluetooth, on a board that has no other radio: virtual air, real interpreter,
launcher and file system."""

import asyncio
import json
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from launched_node import launch_from_flash, names, read
from launched_node import version as archive
from updated_node import COMMAND_KEY

from filmgauge.config_copy import unsealed
from filmgauge.uplink.actions import UPDATE
from filmgauge.uplink.commands import PIECE
from filmgauge_host.ble.node_client import NodeClient
from filmgauge_host.ble.node_registry import NodeRegistry, RegisteredNode
from filmgauge_host.ble.node_search import find
from filmgauge_host.ble.radio import Radio
from filmgauge_host.ble.version_transfer import update
from filmgauge_host.commands.counters import CommandCounters
from filmgauge_host.errors import RefusedError
from filmgauge_host.serial import firmware_build
from filmgauge_host.upgrade.order import (
    ABANDON_PAYLOAD,
    STATUS_PAYLOAD,
    order_payload,
    part_payloads,
)
from filmgauge_host.upgrade.signing_key import public_text
from filmgauge_host.upgrade.version import Version, sign
from filmgauge_host.upgrade.version_build import bytecode_text
from filmgauge_host.virtual.simulated_radio import cancel, host_radio
from filmgauge_sim.air.air import Air
from filmgauge_sim.board.flash import PageInRam
from filmgauge_sim.board.littlefs_outside import install
from filmgauge_sim.nodes.configuration import Broker
from filmgauge_sim.nodes.flash_reader import backlog, stored_record
from filmgauge_sim.nodes.virtual_node import VirtualNode
from filmgauge_sim.scenario.loading import load_scenario
from filmgauge_sim.scenario.simulation import Simulation

KEY = Ed25519PrivateKey.generate()
REGISTRY = NodeRegistry([RegisteredNode("wall", command_key=bytes.fromhex(COMMAND_KEY))])
SCENARIO = """
name = "wall"
[[node]]
name = "wall"
board = "stm32wb55"
[node.cell]
soc = 0.5
soc_sigma = 0.001
[node.intervals]
sample_s = 60
report_every = 1
[node.bluetooth]
advertise_ms = 5000
"""


Shared = tuple[Air, Simulation, VirtualNode]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Shared, bytes]]:
    """Air and node, and the flash of the node as it is new."""
    folder = tmp_path_factory.mktemp("wall")
    path = folder / "scenario.toml"
    path.write_text(SCENARIO)
    air = Air(1)
    nowhere = Broker("127.0.0.1", 1)
    simulation = Simulation(
        load_scenario(str(path)), nowhere, folder, "micropython", "60d", None, air
    )
    (node,) = simulation.nodes
    app = firmware_build.archive_of_port("stm32").data
    launch_from_flash(node, app, update_key=public_text(KEY), command_key=COMMAND_KEY)
    yield (air, simulation, node), bytes(node.flash.image)
    simulation.close()
    air.close()


@pytest.fixture
def air_and_node(shared: tuple[Shared, bytes]) -> Shared:
    """They are one for all tests; what the node is begins anew with each."""
    air_and_node, new = shared
    node = air_and_node[2]
    node.cut_power()
    node.flash.image[:] = new
    return air_and_node


@pytest.fixture
def counters(tmp_path: Path) -> CommandCounters:
    return CommandCounters(tmp_path / "counters.json")


def configure(node: VirtualNode, **keys: int) -> None:
    """Change the configuration on its flash."""
    values = json.loads(read(node, "/config.json") or b"") | keys
    install(node.flash, {"/config.json": json.dumps(values).encode()})


def version(number: int, files: dict[str, bytes]) -> Version:
    made = {"number": number, "name": "0.2.0", "board": "stm32wb", "bytecode": bytecode_text()}
    return sign(files, key=KEY, **made)  # type: ignore[arg-type]


def brought(
    air: Air, simulation: Simulation, counters: CommandCounters, what: Version, supply_holds: bool
) -> "tuple[str, list[tuple[int, int]]]":
    """Return how it ended, and how it went with a host that does not know the MTU."""
    steps: list[tuple[int, int]] = []
    order = order_payload(what, supply_holds=supply_holds)
    radio = host_radio(air, tells_mtu=False)
    work = update(
        radio, REGISTRY, "wall", what, order, 7200.0, counters, lambda *at: steps.append(at)
    )
    return done(air, simulation, work), steps


def done(air: Air, simulation: Simulation, work: Coroutine[Any, Any, Any]) -> Any:
    """Return what a host has found out while the node lives."""
    task = asyncio.ensure_future(work, loop=air.loop)
    simulation.run(lambda _node: None, lambda: not task.done())
    if not task.done():
        cancel(air, task)
    return task.result()


async def said(radio: Radio, operation: int, *payloads: bytes) -> str:
    """Return the last answer to commands of one connection."""
    text = ""
    node = await find(radio, REGISTRY, "wall", 7200.0)
    async with NodeClient(radio, node.device) as client:
        for payload in payloads:
            counter = (await client.state()).next_command
            key = bytes.fromhex(COMMAND_KEY)
            text = (await client.command("wall", key, operation, payload, counter)).text
    return text


def test_a_version_over_bluetooth(air_and_node: Shared, counters: CommandCounters) -> None:
    air, simulation, node = air_and_node
    profile = read(node, "/profile.bin") or b""
    changes = json.dumps({"report_every": 2, "ble_idle_ms": 9000}).encode()
    app = archive("0.2.0", kind_name="stm32wb55").data  # whole, beside the one in place
    what = version(5, {"app.bin": app, "config.json": changes, "profile.bin": profile})
    with pytest.raises(RefusedError, match="a power cut can end the file system of this board"):
        brought(air, simulation, counters, what, supply_holds=False)
    ended, steps = brought(air, simulation, counters, what, supply_holds=True)
    assert ended == "runs: 0.2.0"
    total = len(what.pieces())
    assert steps == [(number + 1, total) for number in range(total)]
    config = json.loads(unsealed(read(node, "/config.json") or b""))
    assert (config["report_every"], config["command_key"]) == (2, COMMAND_KEY)
    assert read(node, "/app.bin") == app
    assert not {"switch", "trial", "app.bin.old"} & names(node, "/")


def test_a_version_comes_through_cuts_between_its_connections(
    air_and_node: Shared, counters: CommandCounters
) -> None:
    """The supply holds while somebody is connected or the board writes, as the order says; else
    it may go: before each connection, before the check, in each wake of the trial."""
    air, simulation, node = air_and_node
    app = archive("0.2.0", kind_name="stm32wb55").data
    what = version(5, {"app.bin": app, "config.json": b'{"report_every": 1}'})
    order = order_payload(what, supply_holds=True)
    work = update(
        host_radio(air), REGISTRY, "wall", what, order, 7200.0, counters, lambda *_at: None
    )
    task = asyncio.ensure_future(work, loop=air.loop)
    cut_at = [node.wakes]

    def goes_on() -> bool:
        assert isinstance(node.flash, PageInRam)
        if not (node.in_wake or node.flash.is_dirty) and node.wakes > cut_at[-1]:
            node.cut_power()
            cut_at.append(node.wakes)
        assert node.dead is None, node.console.read_text()[-2000:]
        return not task.done()

    configure(node, ble_connected_ms=12000)
    simulation.run(lambda _node: None, goes_on)
    assert task.result() == "runs: 0.2.0"
    assert len(cut_at) > 5
    assert read(node, "/app.bin") == app


def test_what_a_connection_has_brought_stays(air_and_node: Shared) -> None:
    air, simulation, node = air_and_node
    what = version(7, {"app.bin": (read(node, "/app.bin") or b"")[:5000]})
    order = order_payload(what, supply_holds=True)
    assert done(air, simulation, said(host_radio(air), UPDATE, order)) == "fetching 0 of 1"
    parts = [
        part for i, piece in enumerate(what.pieces()[:3]) for part in part_payloads(i, piece, 200)
    ]
    assert done(air, simulation, said(host_radio(air), PIECE, *parts)) == "3 of 6"
    assert len(read(node, "/incoming/app.bin") or b"") == 2048  # as the next connection finds it
    assert done(air, simulation, said(host_radio(air), UPDATE, ABANDON_PAYLOAD)) == "nothing"


SERVES_NOBODY = """
class GattServer:
    def __init__(self, link, peer):
        raise OSError(19)


def __getattr__(name):
    return GattServer
"""


def test_a_version_that_serves_nobody_is_switched_back(
    air_and_node: Shared, counters: CommandCounters
) -> None:
    air, simulation, node = air_and_node
    before = read(node, "/app.bin")
    changed = {"uplink/ble/gatt_server": SERVES_NOBODY}
    app = archive("0.2.0", changed, kind_name="stm32wb55").data
    ended, _ = brought(air, simulation, counters, version(5, {"app.bin": app}), supply_holds=True)
    assert ended == "switched back: 0.2.0 did not report"
    assert read(node, "/app.bin") == before


def left_on_trial(shared: Shared, counters: CommandCounters, changes: bytes) -> None:
    """Bring a version, and go away when all of it is there."""
    air, simulation, node = shared
    what = version(5, {"config.json": changes})
    order = order_payload(what, supply_holds=True)
    work = update(
        host_radio(air), REGISTRY, "wall", what, order, 7200.0, counters, lambda *_at: None
    )
    task = asyncio.ensure_future(work, loop=air.loop)
    simulation.run(lambda _node: None, lambda: "switch" not in names(node, "/"))
    cancel(air, task)


def wake(simulation: Simulation, node: VirtualNode, count: int) -> None:
    upto = node.wakes + count
    simulation.run(lambda _node: None, lambda: node.wakes < upto or node.in_wake)


def test_a_good_version_waits_for_its_bridge(
    air_and_node: Shared, counters: CommandCounters
) -> None:
    """More starts and wakes than a trial has, and reports as seldom as ever."""
    air, simulation, node = air_and_node
    left_on_trial(air_and_node, counters, b'{"report_every": 3}')
    for _ in range(5):
        wake(simulation, node, 1)
        node.cut_power()
    wake(simulation, node, 7)
    assert "trial" in names(node, "/")
    records = [stored_record(node.flash, name) for name in backlog(node.flash)]
    assert [record.seq for record in records if record.boot == records[-1].boot] == [0, 1, 2]
    status = said(host_radio(air), UPDATE, STATUS_PAYLOAD)
    assert done(air, simulation, status) == "on trial"
    wake(simulation, node, 1)
    assert not {"trial", "config.json.old"} & names(node, "/")
    status = said(host_radio(air), UPDATE, STATUS_PAYLOAD)
    assert done(air, simulation, status) == "runs: 0.2.0"


def test_a_version_that_nobody_finds_is_switched_back_at_last(
    air_and_node: Shared, counters: CommandCounters
) -> None:
    _, simulation, node = air_and_node
    left_on_trial(air_and_node, counters, b'{"sample_s": 86400}')
    wake(simulation, node, 14)
    assert "trial" in names(node, "/")
    wake(simulation, node, 8)
    assert not {"trial", "config.json.old"} & names(node, "/")
    config = json.loads(unsealed(read(node, "/config.json") or b""))
    assert "sample_s" not in config


@pytest.mark.parametrize(("sample_s", "wakes", "most_boots"), [(86400, 4, 5), (60, 1, 28)])
def test_losses_of_power_do_not_let_a_version_that_nobody_finds_wait_for_ever(
    air_and_node: Shared, counters: CommandCounters, sample_s: int, wakes: int, most_boots: int
) -> None:
    """Days count over them, and so do they: three days in each boot are fourteen in the fifth."""
    _, simulation, node = air_and_node
    left_on_trial(air_and_node, counters, json.dumps({"sample_s": sample_s}).encode())
    for _ in range(most_boots - 1):
        wake(simulation, node, wakes)
        node.cut_power()
    assert read(node, "/trial") == b""  # none of them has counted as one in vain
    for _ in range(6):
        wake(simulation, node, wakes)
        node.cut_power()
    wake(simulation, node, 1)
    assert not {"trial", "config.json.old"} & names(node, "/")


@pytest.mark.parametrize("changes", [{"ble_advertise_ms": 0}, {"ble_connected_ms": 0}])
def test_a_version_that_would_silence_the_node_is_refused(
    air_and_node: Shared, counters: CommandCounters, changes: dict[str, int]
) -> None:
    air, simulation, _ = air_and_node
    what = version(5, {"config.json": json.dumps(changes).encode()})
    ended, _ = brought(air, simulation, counters, what, supply_holds=True)
    (name,) = changes
    assert ended == f"refused: {name} would leave the node without a way out"


def test_whether_two_versions_have_room(air_and_node: Shared, counters: CommandCounters) -> None:
    air, simulation, node = air_and_node
    app = read(node, "/app.bin") or b""
    what = version(6, {"app.bin": app + bytes(60_000)})
    with pytest.raises(RefusedError, match=r"the version needs \d+ KB of flash, and \d+ are free"):
        brought(air, simulation, counters, what, supply_holds=True)
    assert read(node, "/app.bin") == app
