"""A new version over Wi-Fi, from `filmgauge update` to the node that says it: real interpreter,
launcher and broker."""

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cut_line import CutLine
from launched_node import names, read, version
from mqtt_brokers import Mosquitto
from patience import until
from updated_node import COMMAND_KEY, NEW, OLD, updated_node

from filmgauge.upgrade.manifest import PIECE
from filmgauge.uplink.actions import UPDATE
from filmgauge_host.cli.app import main
from filmgauge_host.commands.frames import frame
from filmgauge_host.serial.archive import Archive
from filmgauge_host.telemetry.address import parse_address
from filmgauge_host.telemetry.broker_login import BrokerLogin
from filmgauge_host.upgrade.order import order_payload
from filmgauge_host.upgrade.signing_key import make_key, public_text
from filmgauge_host.upgrade.version_build import bytecode_text
from filmgauge_host.upgrade.version_folder import read_version, store_version
from filmgauge_sim.board.littlefs_outside import install
from filmgauge_sim.nodes.virtual_node import VirtualNode

CRASHING = Archive(
    {"filmgauge/__init__.py": b"VERSION = '0.3.0'\n", "filmgauge/start.py": b"1 // 0\n"}
).data


@dataclass
class Bed:
    """A node, its broker, and the folder of a user who can update it."""

    node: VirtualNode
    broker: Mosquitto
    line: CutLine  # from the node to the broker
    folder: Path
    key: Ed25519PrivateKey
    new: bytes  # its flash

    def begin_anew(self, installed: int | None = None) -> None:
        """Let the node be as new, or one that runs a version of a number, and report."""
        self.node.cut_power()
        self.node.flash.image[:] = self.new
        if installed is not None:
            told = {"number": installed, "version": OLD, "previous": "0.0.9", "outcome": "runs"}
            install(self.node.flash, {"/version": json.dumps(told).encode()})
        self.node.step()

    def store(
        self,
        app: bytes,
        name: str,
        number: int,
        key: Ed25519PrivateKey | None = None,
        **more: bytes,
    ) -> Path:
        """Return the folder of a version; more: other files of it, without their suffix."""
        _, path = store_version(
            self.folder / f"made-{number}",
            {"app.bin": app, **{f"{each}.json": text for each, text in more.items()}},
            name=name,
            board="esp32",
            bytecode=bytecode_text(),
            key=key or self.key,
            number=number,
        )
        return path

    def know(self, **keys: str) -> None:
        """Let the user have keys of the node."""
        known = self.folder / "known.toml"
        lines = [f'{name} = "{value}"\n' for name, value in keys.items()]
        known.write_text("".join(["[nodes.rig]\n", *lines]))
        known.chmod(0o600)

    def update(
        self, source: Path, *options: str, meanwhile: Callable[[], None] = lambda: None
    ) -> Result:
        """Run the command while the node lives, wake after wake, and something else befalls it."""
        arguments = ["update", "rig", "--nodes", str(self.folder), "--broker", self.broker.url]
        arguments += ["--from", str(source), *options]
        results: list[Result] = []
        thread = threading.Thread(
            target=lambda: results.append(CliRunner().invoke(main, arguments))
        )
        thread.start()
        while thread.is_alive():
            self.node.step()
            meanwhile()
            assert self.node.dead is None, self.node.console.read_text()[-2000:]
        thread.join()
        return results[0]

    def retained(self, wanted: str) -> dict[str, bytes]:
        """Return what the broker keeps under a filter."""
        with BrokerLogin(parse_address(self.broker.url)) as login:
            return login.read_retained([wanted])


@pytest.fixture(scope="module")
def shared_bed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bed]:
    folder = tmp_path_factory.mktemp("update")
    broker = Mosquitto(folder)
    broker.start()
    nodes = folder / "nodes"
    (nodes / "rig").mkdir(parents=True)
    (nodes / "rig" / "node.toml").write_text('name = "rig"\ncommands = true\n')
    key = make_key(nodes / "update.key")
    line = CutLine(broker)
    node = updated_node(folder / "node", line.url, public_text(key), update_pieces=60)
    yield Bed(node, broker, line, nodes, key, bytes(node.flash.image))
    node.close()
    line.close()
    broker.stop()


@pytest.fixture
def bed(shared_bed: Bed) -> Bed:
    """Broker and node are one for all tests; what the node is begins anew with each."""
    shared_bed.begin_anew()
    shared_bed.know(command_key=COMMAND_KEY)
    return shared_bed


def test_a_node_is_updated_over_several_wakes_and_says_so(bed: Bed) -> None:
    assert json.loads(bed.retained("filmgauge/rig/info").popitem()[1])["firmware"] == OLD
    done = bed.update(bed.store(version(NEW).data, NEW, 7))
    assert done.exit_code == 0, done.output
    lines = done.output.splitlines()
    assert "rig: fetching 60 of " in done.output  # more than one report
    assert lines[-1] == f"rig: runs: {NEW}"
    info = json.loads(bed.retained("filmgauge/rig/info").popitem()[1])
    told = {"number": 7, "version": NEW, "previous": OLD, "outcome": "runs"}
    assert (info["firmware"], info["version"]) == (NEW, told)
    assert bed.retained("filmgauge/firmware/#") == {}  # the broker is as before
    assert not {"incoming", "switch", "trial"} & names(bed.node, "/")
    again = bed.update(bed.folder / "made-7" / "esp32-7")
    assert (again.exit_code, again.output) == (0, f"rig: runs: {NEW}\n")  # nothing to do


def test_an_order_whose_answer_is_lost_is_no_refusal(bed: Bed) -> None:
    bed.line.cut_before = b"filmgauge/rig/ack"
    done = bed.update(bed.store(version(NEW).data, NEW, 11))
    assert bed.line.cut_before is None  # the node has had the order, and nobody its answer
    assert done.output.splitlines()[-1] == f"rig: runs: {NEW}"
    assert done.exit_code == 0


def test_a_node_that_has_the_next_key_already_is_reached_with_it(bed: Bed) -> None:
    bed.know(command_key="ab" * 16, command_key_next=COMMAND_KEY)
    done = bed.update(bed.store(version(NEW).data, NEW, 12))
    assert done.output.splitlines()[-1] == f"rig: runs: {NEW}"
    assert done.exit_code == 0


def test_whoever_follows_a_version_learns_that_another_one_was_ordered(bed: Bed) -> None:
    """By another operator, whose pieces are not there in this test."""
    ours = bed.store(bytes(100 * PIECE), "0.4.0", 13)
    other = read_version(bed.store(version(NEW).data, NEW, 14))
    order = frame("rig", bytes.fromhex(COMMAND_KEY), 500_000, UPDATE, order_payload(other))

    ordered: list[bytes] = []

    def order_other() -> None:
        if read(bed.node, "/incoming/app.bin") and not ordered:
            ordered.append(order)
            with BrokerLogin(parse_address(bed.broker.url)) as login:
                login.publish("filmgauge/rig/command", order)

    done = bed.update(ours, "--timeout", "1h", meanwhile=order_other)
    assert done.output.splitlines()[-1] == "rig: another version was ordered meanwhile"
    assert done.exit_code == 1
    assert bed.retained("filmgauge/firmware/#") == {}  # ours, which nobody fetches any more


def test_what_is_left_of_an_order_that_a_cut_has_half_forgotten_goes(bed: Bed) -> None:
    install(bed.node.flash, {"/incoming/app.bin": b"a piece"})
    bed.node.step()
    assert "incoming" not in names(bed.node, "/")
    status = json.loads(bed.retained("filmgauge/rig/status").popitem()[1])
    assert status["state"] == "sleeping"  # the report came to its end


def fill(node: VirtualNode) -> None:
    """Leave no room on its flash."""
    size, number = 65536, 0
    while size >= 256:
        try:
            install(node.flash, {f"/junk{number}": bytes(size)})
            number += 1
        except Exception:
            size //= 2


def test_a_flash_that_is_full_meanwhile_is_told_and_ends_it(bed: Bed) -> None:
    """The report comes to its end nonetheless, which nobody may take for a lost connection."""
    made, _ = store_version(
        bed.folder / "made-9",
        {"app.bin": version(NEW).data},
        name=NEW,
        board="esp32",
        bytecode=bytecode_text(),
        key=bed.key,
        number=9,
    )
    pieces = {f"filmgauge/firmware/{made.id}/{i}": piece for i, piece in enumerate(made.pieces())}
    order = frame("rig", bytes.fromhex(COMMAND_KEY), 1, UPDATE, order_payload(made))

    def is_refusal(_topic: str, payload: bytes) -> bool:
        event = json.loads(payload)
        return event["state"] == "refused" and event["text"].startswith("flash: ")

    with BrokerLogin(parse_address(bed.broker.url), ("filmgauge/rig/event",)) as login:
        login.publish_all(pieces.items(), retain=True)
        login.publish("filmgauge/rig/command", order)
        for _ in range(4):  # of which one brings the order, and the next the first pieces
            if read(bed.node, "/incoming/app.bin") is None:
                bed.node.step()
        install(bed.node.flash, {"/incoming/misses": b"." * 23})  # of 24 reports without a piece
        fill(bed.node)
        for _ in range(3):
            bed.node.step()
            status = bed.retained("filmgauge/rig/status").popitem()[1]
            assert json.loads(status)["state"] == "sleeping"
        assert login.await_message(is_refusal)
        assert "incoming" not in names(bed.node, "/")
        login.publish_all([(name, b"") for name in pieces], retain=True)


def test_a_version_that_crashes_is_switched_back_and_told(bed: Bed) -> None:
    bed.begin_anew(installed=7)
    before = read(bed.node, "/app.bin")
    done = bed.update(bed.store(CRASHING, "0.3.0", 8))
    assert done.exit_code == 1
    assert done.output.splitlines()[-1] == "rig: switched back: 0.3.0 did not report"
    assert read(bed.node, "/app.bin") == before
    info = json.loads(bed.retained("filmgauge/rig/info").popitem()[1])
    assert info["firmware"] == OLD
    assert info["version"]["outcome"] == "switched back: 0.3.0 did not report"
    assert info["version"]["number"] == 7  # what it had


def test_a_version_with_a_configuration_that_it_does_not_read_is_switched_back(bed: Bed) -> None:
    """And does not report with the one of the version before."""
    done = bed.update(bed.store(version(NEW).data, NEW, 15, config=b'{"update_key": "00"}'))
    assert done.output.splitlines()[-1] == f"rig: switched back: {NEW} did not report"
    assert done.exit_code == 1
    assert json.loads(read(bed.node, "/config.json") or b"")["update_key"] == public_text(bed.key)


def test_what_somebody_else_has_signed_is_refused(bed: Bed) -> None:
    before = read(bed.node, "/app.bin")
    done = bed.update(bed.store(CRASHING, "0.4.0", 9, Ed25519PrivateKey.generate()))
    assert done.exit_code == 1
    assert done.output.splitlines()[-1] == (
        "rig: refused: the signature is not that of update_key"
    )
    assert read(bed.node, "/app.bin") == before


def test_a_lower_number_needs_the_word_of_the_operator(bed: Bed) -> None:
    bed.begin_anew(installed=7)
    done = bed.update(bed.store(CRASHING, "0.0.1", 6))
    assert done.exit_code == 1
    assert done.output.splitlines()[-1] == (
        "rig: refused: number must be above 7, not 6, or the order a downgrade"
    )
    until(lambda: not bed.retained("filmgauge/firmware/#"))
