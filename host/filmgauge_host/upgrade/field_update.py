"""Brings versions to nodes through a broker, and follows each node to its end.

with FieldUpdate(address, targets, commander) as update:
    update.begin(flags)
    while not update.is_over():
        update.poll()               # update.progress: what is known of each node
    update.withdraw()               # the pieces, which the broker keeps until then
"""

import json
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from filmgauge.upgrade.outcome import REFUSING, RUNS, SWITCHED_BACK
from filmgauge.uplink.actions import UPDATE
from filmgauge.uplink.mqtt.topics import EVENT, FIRMWARE, INFO, PREFIX, topic
from filmgauge_host.commands.actions import Action
from filmgauge_host.commands.mqtt_commander import MqttCommander, Outcome
from filmgauge_host.errors import FilmgaugeError
from filmgauge_host.telemetry.address import BrokerAddress
from filmgauge_host.telemetry.broker_login import Answer, BrokerLogin
from filmgauge_host.telemetry.messages import printable
from filmgauge_host.upgrade.version import Version

ASLEEP, ORDERED, SILENT = "waits for its next report", "ordered", "has not answered"
ENDS = (RUNS, SWITCHED_BACK, REFUSING, SILENT)
_OF = re.compile(r"(\d+) of (\d+)$")


@dataclass(slots=True)
class Progress:
    """How far a node is. state: a word of the firmware's outcome.py, or of this module; done, of:
    pieces."""

    node: str
    version: Version
    state: str = ASLEEP
    done: int = 0
    of: int = 0
    text: str = ""

    @property
    def is_over(self) -> bool:
        """Whether nothing more is to be expected."""
        return self.state in ENDS

    @property
    def has_failed(self) -> bool:
        """Whether the node does not run the version at the end."""
        return self.state in ENDS and self.state != RUNS


class FieldUpdate:
    """Use as a context. Raises NoBrokerError as BrokerLogin does.

    targets: node -> its version; keys: node -> its command_key.
    """

    def __init__(
        self,
        address: BrokerAddress,
        targets: Mapping[str, Version],
        keys: Mapping[str, bytes],
        commander: MqttCommander,
    ) -> None:
        self.progress = {node: Progress(node, version) for node, version in targets.items()}
        filters = tuple(topic(node, leaf) for node in targets for leaf in (EVENT, INFO))
        self._login = BrokerLogin(address, filters, retained=True)
        self._keys = dict(keys)
        self._commander = commander
        self._orders: list[threading.Thread] = []
        self._answers: list[list[Outcome]] = []
        self._failures: list[FilmgaugeError] = []

    def __enter__(self) -> Self:
        self._login.__enter__()
        return self

    def __exit__(self, *_error: object) -> None:
        self._login.close()

    def begin(self, payloads: Mapping[str, bytes]) -> None:
        """Publish what is to be fetched, and order it from nodes that do not run it yet.

        payloads: node -> payload of its order. Raises FilmgaugeError where the broker takes none.
        """
        self._login.await_message(lambda name, _: name.endswith(INFO))
        self.poll()
        for version in self._versions():
            for number, piece in enumerate(version.pieces()):
                if self._publish(version, number, piece) is Answer.DENIED:
                    raise FilmgaugeError(
                        f"the broker does not let this login write {PREFIX}/{FIRMWARE}/#: its acl"
                        " needs a line for it (docs/upgrade.md)"
                    )
        pending = [each for each in self.progress.values() if not each.is_over]
        if not pending:
            return
        thread = threading.Thread(
            target=self._order, args=({each.node: payloads[each.node] for each in pending},)
        )
        thread.daemon = True
        thread.start()
        self._orders.append(thread)

    def _order(self, payloads: Mapping[str, bytes]) -> None:
        """Order from all at once where they get the same payload."""
        try:
            for payload in dict.fromkeys(payloads.values()):
                keys = {
                    node: self._keys[node] for node, each in payloads.items() if each == payload
                }
                action = Action(UPDATE, lambda _mtu, payload=payload: [payload])
                self._answers.append(self._commander.send(keys, action))
        except FilmgaugeError as error:
            self._failures.append(error)

    def poll(self) -> None:
        """Read what has come. Raises FilmgaugeError where ordering has failed."""
        if self._failures:
            raise self._failures.pop()
        while self._answers:
            for outcome in self._answers.pop():
                self._apply_answer(outcome)
        for name, payload, _is_retained in self._login.drain():
            _, node, leaf = name.split("/")
            values = _object(payload)
            each = self.progress.get(node)
            if each is not None and values:
                (self._apply_info if leaf == INFO else self._apply_event)(each, values)

    def is_over(self) -> bool:
        """Return whether every node has come to an end."""
        return all(each.is_over for each in self.progress.values())

    def withdraw(self) -> None:
        """Take the pieces from the broker: it keeps them otherwise."""
        for version in self._versions():
            for number in range(len(version.pieces())):
                self._publish(version, number, b"")

    def _publish(self, version: Version, number: int, piece: bytes) -> Answer:
        name = f"{PREFIX}/{FIRMWARE}/{version.id}/{number}"
        return self._login.publish(name, piece, retain=True)

    def _versions(self) -> list[Version]:
        return list({each.version.id: each.version for each in self.progress.values()}.values())

    def _apply_answer(self, outcome: Outcome) -> None:
        each = self.progress[outcome.node]
        if each.state not in (ASLEEP, ORDERED):
            return  # it has told more meanwhile
        answer = outcome.answer
        if answer is None:
            each.state = SILENT
        elif not outcome.is_done:
            each.state, each.text = REFUSING, answer.text
        else:
            each.state = ORDERED
            if found := _OF.search(answer.text):
                each.done, each.of = int(found[1]), int(found[2])

    def _apply_event(self, each: Progress, values: dict[str, Any]) -> None:
        if values.get("update") != each.version.id or not isinstance(values.get("state"), str):
            return
        each.state = printable(values["state"])
        each.text = printable(str(values.get("text", "")))
        done, of = values.get("done"), values.get("of")
        if isinstance(done, int) and isinstance(of, int):
            each.done, each.of = done, of

    def _apply_info(self, each: Progress, values: dict[str, Any]) -> None:
        """A node that runs the version since an earlier call has nothing to do."""
        runs = values.get("version")
        if not isinstance(runs, dict) or runs.get("outcome") != RUNS:
            return
        if runs.get("number") == each.version.described.number:
            each.state, each.text = RUNS, each.version.described.version


def _object(payload: bytes) -> dict[str, Any]:
    try:
        values = json.loads(payload)
    except (ValueError, RecursionError):
        return {}
    return values if isinstance(values, dict) else {}
