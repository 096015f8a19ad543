"""Somebody who orders one version after the other from a node whose power is cut."""

import json
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cut_receivers import BrokerSide
from launched_node import launch_from_flash, names, read, version

from filmgauge.config_copy import unsealed
from filmgauge.upgrade.outcome import REFUSING, RUNS, SWITCHED_BACK
from filmgauge.uplink.actions import UPDATE
from filmgauge_host.serial.archive import Archive
from filmgauge_host.upgrade.order import order_payload
from filmgauge_host.upgrade.signing_key import public_text
from filmgauge_host.upgrade.version import BOARD_NAMES, Version, sign
from filmgauge_host.upgrade.version_build import bytecode_text
from filmgauge_sim.nodes.virtual_node import VirtualNode

_ENDS = (RUNS, SWITCHED_BACK, REFUSING)
_DONE, _OLD_COUNTER = 0, 3  # what an answer says
STARTS = 4  # of a trial, launch.py
_MOST_WAKES = 60  # of an order, cuts left out
_PIECES = 60  # that a report brings
_KEY, _OTHERS_KEY = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
_NAMES = ("0.1.0", "0.2.0")  # of versions, by turns
_RESETS = Archive(
    {
        "filmgauge/__init__.py": b"VERSION = '0.3.0'\n",
        "filmgauge/start.py": b"import machine\nmachine.reset()\n",
    }
).data
_LEFT = ("switch", "trial")
Files = Mapping[str, bytes]


@cache
def _app(number: int, kind_name: str) -> bytes:
    return version(_NAMES[number % 2], kind_name=kind_name).data


def _settings(number: int, **more: Any) -> bytes:
    return json.dumps({"backlog_per_report": 10 + number % 20, **more}).encode()


def _firmware(number: int, kind_name: str) -> Files:
    return {"app.bin": _app(number, kind_name), "config.json": _settings(number)}


def _only_settings(number: int, _kind_name: str) -> Files:
    return {"config.json": _settings(number)}


def _without_network(number: int, _kind_name: str) -> Files:
    return {"config.json": _settings(number, wifi_ssid="nowhere")}


def _that_resets(number: int, _kind_name: str) -> Files:
    return {"app.bin": _RESETS, "config.json": _settings(number)}


# What is ordered, and how that ends; `foreign` is signed by somebody else.
ORDERS: dict[str, tuple[Callable[[int, str], Files], str]] = {
    "firmware": (_firmware, RUNS),
    "settings": (_only_settings, RUNS),
    "silent": (_without_network, SWITCHED_BACK),
    "resetting": (_that_resets, SWITCHED_BACK),
    "foreign": (_that_resets, REFUSING),
}


class Updater(BrokerSide):
    """Orders versions of a kind of ORDERS. Each comes to the end of its kind, says so, and leaves
    the node with the files that belong to that. A trial of which the power has ended all starts is
    switched back.
    """

    def __init__(self, name: str, key: str, folder: Path, what: str) -> None:
        super().__init__(name, key, folder)
        self._files_of, self._end = ORDERS[what]
        self._signer = _OTHERS_KEY if what == "foreign" else _KEY
        self._orders = 0
        self._version: Version | None = None
        self._events: list[dict[str, Any]] = []
        self._before: dict[str, Any] = {}  # what the node had before the order
        self._begun_at = 0  # wakes, when the order was placed or the power went last
        self._cuts = self._cuts_before = self._checked = 0
        self._is_accepted = False
        self.done = 0  # orders that have come to their end

    def prepare(self, node: VirtualNode) -> None:
        """See Receiver."""
        app = _app(0, node.kind.name)
        more = {"update_key": public_text(_KEY), "update_pieces": _PIECES}
        launch_from_flash(node, app, **more)

    def after_step(self, node: VirtualNode) -> None:
        """See Receiver: order the next version when the last one has come to its end."""
        cuts = node.cuts.done if node.cuts else 0
        if cuts != self._cuts:
            self._cuts, self._begun_at = cuts, node.wakes
        while self._events:
            self._follow(node, self._events.pop(0))
        self._check_answers()
        if self._version is None:
            self._order(node)
        elif node.wakes - self._begun_at > _MOST_WAKES:
            self._problems.append(f"order {self._orders} has not come to its end")
            self._withdraw()
        elif not self._is_accepted and self._is_due(node):
            self._command(node, UPDATE, order_payload(self._version))

    def problems(self, node: VirtualNode) -> list[str]:
        """See Receiver: the last order may still be on its way."""
        self._await_quiet()
        self.after_step(node)
        return self._problems

    def _receive_event(self, event: dict[str, Any]) -> None:
        self._events.append(event)

    def _order(self, node: VirtualNode) -> None:
        self._orders += 1
        number = self._orders
        board = BOARD_NAMES[node.kind.port]
        made = {"number": number, "name": "next", "board": board, "bytecode": bytecode_text()}
        files = self._files_of(number, node.kind.name)
        self._version = sign(files, key=self._signer, **made)  # type: ignore[arg-type]
        self._before = _state(node)
        self._begun_at, self._cuts_before = node.wakes, self._cuts
        self._is_accepted = False
        self._retain(self._version.pieces())
        self._command(node, UPDATE, order_payload(self._version))
        if node.cuts:
            node.cuts.begin_task(node)

    def _check_answers(self) -> None:
        """A number that is used up, by a wake that was cut, is an order that was not taken."""
        for counter, status, text in self._answers[self._checked :]:
            self._checked += 1
            if counter == self._counter and status == _DONE:
                self._is_accepted = True
            elif status not in (_DONE, _OLD_COUNTER):
                self._problems.append(f"order {self._orders} is refused: {text}")

    def _follow(self, node: VirtualNode, event: dict[str, Any]) -> None:
        if "update" not in event:
            self._problems.append(f"the node says {event}")
        elif self._version and event["update"] == self._version.id and event["state"] in _ENDS:
            end = event["state"]
            starts = self._cuts - self._cuts_before
            if end != self._end and not (end == SWITCHED_BACK and starts >= STARTS - 1):
                self._problems.append(f"order {self._orders} has ended in {event}")
            self._check_files(node, end)
            self._withdraw()
            self.done += 1

    def _check_files(self, node: VirtualNode, end: str) -> None:
        """Expect the files of the version, or those of before; all else is as it was."""
        wanted = self._before
        if end == RUNS and self._version:
            files = self._version.files
            changes = json.loads(files["config.json"])
            wanted = {
                "app.bin": files.get("app.bin", wanted["app.bin"]),
                "config.json": {**wanted["config.json"], **changes},
                "profile.bin": wanted["profile.bin"],
            }
        found = _state(node)
        wrong = [name for name in wanted if found[name] != wanted[name]]
        if wrong:
            self._problems.append(f"order {self._orders} has left another {wrong}")
        left = {name for name in names(node, "/") if name in _LEFT or name.endswith(".none")}
        if left:
            self._problems.append(f"order {self._orders} has left {left}")

    def _withdraw(self) -> None:
        assert self._version is not None
        self._retain([b"" for _ in self._version.pieces()])
        self._version = None

    def _retain(self, pieces: list[bytes]) -> None:
        """Let the broker keep the pieces of the version; all are on their way at once."""
        assert self._version is not None
        topic = f"filmgauge/firmware/{self._version.id}/"
        sent = [
            self._client.publish(f"{topic}{at}", piece, 1, retain=True)
            for at, piece in enumerate(pieces)
        ]
        for each in sent:
            each.wait_for_publish()


def _state(node: VirtualNode) -> dict[str, Any]:
    """Return the files that a version is of, as the node has them."""
    return {
        "app.bin": read(node, "/app.bin"),
        "config.json": json.loads(unsealed(read(node, "/config.json") or b"{}")),
        "profile.bin": read(node, "/profile.bin"),
    }
